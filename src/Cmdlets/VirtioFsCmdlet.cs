using System.Collections;
using System.Collections.ObjectModel;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;

namespace VirtioFs.Cmdlets;

/// <summary>What every cmdlet of the module shares: cancellation, paths, and errors that say what to do.</summary>
public abstract class VirtioFsCmdlet : PSCmdlet, IDisposable
{
    private static readonly TimeSpan ProgressDelay = TimeSpan.FromSeconds(1);

    /// <summary>How long a call that was stopped may take to undo what it has done, before the pipeline ends without it.</summary>
    private static readonly TimeSpan UndoPatience = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _stopping = new();
    private bool _hasBegun;
    private bool _yesToAll;
    private bool _noToAll;

    /// <summary>Cancelled when the user stops the pipeline. It may fire on any thread.</summary>
    protected CancellationToken Cancellation => _stopping.Token;

    /// <summary>Frees the cmdlet; PowerShell calls it when the pipeline has ended.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    protected override void BeginProcessing() => _hasBegun = true;

    /// <inheritdoc/>
    protected override void StopProcessing() => _stopping.Cancel();

    /// <summary>
    /// Takes an argument that names what to work on, unless an object from the pipeline does. PowerShell binds the command line first, and
    /// asks the property: where it refuses a positional argument, the argument goes to the parameter that has the position beside an object.
    /// </summary>
    /// <param name="value">The argument.</param>
    /// <param name="parameter">The parameter's name.</param>
    /// <exception cref="PSArgumentException">Objects come down the pipeline, and one of the two would go unused.</exception>
    private protected T UnlessPiped<T>(T value, string parameter) => MyInvocation.ExpectingInput && !_hasBegun
        ? throw new PSArgumentException($"Objects come down the pipeline, and -{parameter} names others. Leave one of the two out.")
        : value;

    /// <summary>
    /// Takes an argument once. A parameter that has one position beside an object and another beside a name would take two arguments
    /// one after the other; PowerShell reports the one that is refused here as too many.
    /// </summary>
    /// <exception cref="PSArgumentException">The parameter has its argument.</exception>
    private protected T Once<T>(T present, T value) => _hasBegun || present is null or "" || present is ICollection { Count: 0 }
        ? value
        : throw new PSArgumentException($"'{value}' is one argument too many.");

    /// <summary>Emits a file as Get-Item does, with what PowerShell's provider knows of it.</summary>
    private protected void WriteFile(string path)
    {
        foreach (PSObject item in InvokeProvider.Item.Get([path], force: true, literalPath: true))
        {
            WriteObject(item);
        }
    }

    /// <summary>Asks before a change, in each form that PowerShell has: -WhatIf, -Confirm and the preferences of all scopes.</summary>
    /// <param name="target">The item that is changed.</param>
    /// <param name="action">What is done, in a sentence without its end.</param>
    /// <param name="caption">What kind of change it is.</param>
    /// <returns>Whether to go on. When nobody can be asked, that has been reported.</returns>
    private protected bool Confirms(object? target, string action, string caption)
    {
        try
        {
            return ShouldProcess($"{action}.", $"{action}?", caption);
        }
        catch (Exception exception) when (IsUnanswered(exception))
        {
            WriteUnanswered(target, action);
            return false;
        }
    }

    /// <summary>
    /// Asks before what a guest or the host suffers from, where <see cref="Confirms"/> did not ask because the cmdlet as a whole has a lower impact.
    /// The user says otherwise with -Confirm:$false, a lower $ConfirmPreference, or the cmdlet's own -Force.
    /// </summary>
    /// <param name="target">The item that is changed.</param>
    /// <param name="question">The question, as full sentences.</param>
    /// <param name="caption">What kind of change it is.</param>
    /// <param name="unanswered">Reports that nobody can be asked; null for the general error.</param>
    /// <returns>Whether to go on. When nobody can be asked, that has been reported.</returns>
    private protected bool ConfirmsHighImpact(object? target, string question, string caption, Action? unanswered = null)
    {
        bool asks = !MyInvocation.BoundParameters.ContainsKey("Confirm") && GetVariableValue("ConfirmPreference") is ConfirmImpact.High or "High";
        return !asks || Insists(target, question, caption, unanswered);
    }

    /// <summary>Asks in any case, also with -Confirm:$false.</summary>
    /// <inheritdoc cref="ConfirmsHighImpact"/>
    private protected bool Insists(object? target, string question, string caption, Action? unanswered = null)
    {
        try
        {
            return ShouldContinue(question, caption, ref _yesToAll, ref _noToAll);
        }
        catch (Exception exception) when (IsUnanswered(exception))
        {
            (unanswered ?? (() => WriteUnanswered(target, question.TrimEnd('?'))))();
            return false;
        }
    }

    /// <summary>Whether a question failed because nobody can answer: no prompt in this host, or an input that has ended.</summary>
    private protected static bool IsUnanswered(Exception exception) =>
        // The console host fails with a NullReferenceException when its input has ended.
        exception is PSInvalidOperationException or HostException or NotImplementedException or NullReferenceException;

    /// <summary>Reports that nothing was done, since nobody could be asked.</summary>
    private protected void WriteUnanswered(object? target, string action) => WriteFailure(
        "NobodyToAsk",
        ErrorCategory.OperationStopped,
        target,
        $"This needs a confirmation, and nobody can be asked in this session: {action}. Nothing was changed.",
        "Pass -Confirm:$false to go on without being asked.");

    /// <inheritdoc cref="Await{T}(string, Func{T})"/>
    private protected void Await(string activity, Action call) => Await(activity, () =>
    {
        call();
        return true;
    });

    /// <summary>
    /// Makes a call that may take long, and shows that it goes on. The call takes <see cref="Cancellation"/> itself and writes nothing. When the user
    /// stops it, it has a moment to undo what it has done; a dead daemon or a dead file system keeps nobody's shell. What is left then
    /// goes on by itself.
    /// </summary>
    /// <param name="activity">What goes on, without an end.</param>
    /// <param name="call">The call, which is made on another thread.</param>
    /// <exception cref="OperationCanceledException">The user has stopped it.</exception>
    private protected T Await<T>(string activity, Func<T> call)
    {
        Task<T> running = Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        if (!HasEnded(running, ProgressDelay))
        {
            ShowProgress(activity, running);
        }

        return running.GetAwaiter().GetResult();
    }

    /// <summary>Waits for a call, and no longer than a moment once the user has stopped it.</summary>
    private bool HasEnded(Task running, TimeSpan limit)
    {
        try
        {
            return Task.WaitAny([running], (int)limit.TotalMilliseconds, Cancellation) >= 0;
        }
        catch (OperationCanceledException)
        {
            if (Task.WaitAny([running], UndoPatience) < 0)
            {
                throw;
            }

            return true;
        }
    }

    private void ShowProgress(string activity, Task running)
    {
        ProgressRecord record = new(0, activity, "Waiting for libvirt or the host. Ctrl-C ends it.");
        Stopwatch clock = Stopwatch.StartNew();
        try
        {
            do
            {
                record.CurrentOperation = string.Create(CultureInfo.InvariantCulture, $"{(ProgressDelay + clock.Elapsed).TotalSeconds:0} s");
                WriteProgress(record);
            }
            while (!HasEnded(running, ProgressDelay));
            record.RecordType = ProgressRecordType.Completed;
            WriteProgress(record);
        }
        catch (PipelineStoppedException) when (HasEnded(running, UndoPatience))
        {
            // Nobody is shown anything any more. The call has the token, and has ended.
        }
    }

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
