using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;

namespace VirtioFs.Cmdlets;

/// <summary>What every cmdlet of the module shares: cancellation, paths, and errors that say what to do.</summary>
public abstract class VirtioFsCmdlet : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Cancelled when the user stops the pipeline. It may fire on any thread.</summary>
    protected CancellationToken Cancellation => _stopping.Token;

    /// <summary>Frees the cmdlet; PowerShell calls it when the pipeline has ended.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    protected override void StopProcessing() => _stopping.Cancel();

    /// <summary>Frees what the cmdlet holds.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stopping.Dispose();
        }
    }

    /// <summary>Reports that one item failed, and lets the pipeline go on with the next.</summary>
    /// <param name="errorId">The stable first part of the FullyQualifiedErrorId.</param>
    /// <param name="category">What kind of failure it is.</param>
    /// <param name="target">The item that failed.</param>
    /// <param name="exception">What went wrong, as a full sentence.</param>
    /// <param name="recommendedAction">What the user can do, as a full sentence. PowerShell shows it below the error.</param>
    protected void WriteFailure(string errorId, ErrorCategory category, object? target, Exception exception, string recommendedAction) =>
        WriteError(CreateErrorRecord(errorId, category, target, exception, recommendedAction));

    /// <inheritdoc cref="WriteFailure(string, ErrorCategory, object?, Exception, string)"/>
    protected void WriteFailure(string errorId, ErrorCategory category, object? target, string problem, string recommendedAction) =>
        WriteFailure(errorId, category, target, new InvalidOperationException(problem), recommendedAction);

    /// <summary>Makes the record that <see cref="WriteFailure(string, ErrorCategory, object?, Exception, string)"/> writes.</summary>
    /// <inheritdoc cref="WriteFailure(string, ErrorCategory, object?, Exception, string)"/>
    protected static ErrorRecord CreateErrorRecord(string errorId, ErrorCategory category, object? target, Exception exception, string recommendedAction)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return new ErrorRecord(exception, errorId, category, target)
        {
            ErrorDetails = new ErrorDetails(exception.Message) { RecommendedAction = recommendedAction },
        };
    }

    /// <summary>
    /// Turns a PowerShell path, which need not exist, into a path of the file system. Drives of PowerShell and the
    /// session's own location count, not the working directory of the process. A failure has been reported when it returns false.
    /// </summary>
    /// <param name="psPath">The path as the user wrote it; wildcard characters stand for themselves.</param>
    /// <param name="path">The absolute path.</param>
    protected bool TryGetFileSystemPath(string psPath, [NotNullWhen(true)] out string? path)
    {
        path = null;
        try
        {
            string candidate = SessionState.Path.GetUnresolvedProviderPathFromPSPath(psPath, out ProviderInfo provider, out _);
            if (!IsFileSystem(provider, psPath))
            {
                return false;
            }

            path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(candidate));
            return true;
        }
        catch (Exception e) when (e is SessionStateException or ProviderInvocationException or ArgumentException or NotSupportedException)
        {
            WritePathFailure(psPath, e);
            return false;
        }
    }

    /// <summary>
    /// Finds the paths of the file system that a PowerShell path with wildcards matches. A failure has been reported when it
    /// returns false; no match is none.
    /// </summary>
    /// <param name="psPath">The path as the user wrote it.</param>
    /// <param name="paths">The absolute paths, in the provider's order.</param>
    protected bool TryExpandFileSystemPath(string psPath, out IReadOnlyList<string> paths)
    {
        paths = [];
        try
        {
            Collection<string> found = SessionState.Path.GetResolvedProviderPathFromPSPath(psPath, out ProviderInfo provider);
            if (!IsFileSystem(provider, psPath))
            {
                return false;
            }

            paths = [.. found.Select(match => Path.TrimEndingDirectorySeparator(Path.GetFullPath(match)))];
            return true;
        }
        catch (ItemNotFoundException)
        {
            return true;
        }
        catch (Exception e) when (e is SessionStateException or ProviderInvocationException or ArgumentException or NotSupportedException)
        {
            WritePathFailure(psPath, e);
            return false;
        }
    }

    private bool IsFileSystem(ProviderInfo provider, string psPath)
    {
        if (provider.Name == "FileSystem")
        {
            return true;
        }

        WriteFailure("PathNotInFileSystem", ErrorCategory.InvalidArgument, psPath,
            $"'{psPath}' belongs to PowerShell's provider {provider.Name}, which holds no files.",
            "Give a path of the file system.");
        return false;
    }

    private void WritePathFailure(string psPath, Exception exception) =>
        WriteFailure("PathNotResolved", ErrorCategory.InvalidArgument, psPath, exception, "Give a path of the file system that this session can reach.");
}
