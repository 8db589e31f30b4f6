using System.Management.Automation;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>A cmdlet that deals with domains: errors with stable ids, warnings, connections.</summary>
public abstract class DomainCmdlet : VirtioFsCmdlet
{
    /// <summary>The parameter set of a domain that libvirt knows.</summary>
    protected const string NameSet = "Name";

    /// <summary>The parameter set of a file.</summary>
    protected const string PathSet = "Path";

    /// <summary>The parameter set of a file whose name is taken as it is.</summary>
    protected const string LiteralPathSet = "LiteralPath";

    /// <summary>The parameter set of an object.</summary>
    protected const string InputObjectSet = "InputObject";

    /// <summary>libvirt's connection URI, such as qemu:///system; libvirt's own default when left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionCompleter))]
    [AllowNull]
    [AllowEmptyString]
    public string? Connection
    {
        get;
        set => field = string.IsNullOrEmpty(value) ? null : value;
    }

    /// <summary>Runs a step; an error of the library is written for the item, and the pipeline goes on.</summary>
    private protected bool Try(object? target, Action step)
    {
        try
        {
            step();
            return true;
        }
        catch (OperationCanceledException) when (Cancellation.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        catch (Exception exception) when (exception is LibvirtXmlException or IOException or UnauthorizedAccessException or FormatException)
        {
            WriteLibraryError(target, exception);
            return false;
        }
    }

    private protected void WriteLibraryError(object? target, Exception exception)
    {
        (string errorId, ErrorCategory category) = ErrorCategories.Of(exception);

        // The library's messages end with what to do, so there is nothing more to recommend.
        WriteError(new ErrorRecord(exception, errorId, category, target));
    }

    private protected void WriteWarnings(IEnumerable<Advice> warnings)
    {
        foreach (Advice warning in warnings)
        {
            WriteWarning(warning.Message);
        }
    }

    /// <summary>Whether a parameter was given, so that it counts even when it is empty or off.</summary>
    private protected bool IsGiven(string parameter) => MyInvocation.BoundParameters.ContainsKey(parameter);

    /// <summary>What a switch says: on, off, or nothing when it was not given.</summary>
    private protected bool? Tristate(SwitchParameter value, string parameter) => IsGiven(parameter) ? value.IsPresent : null;

    /// <summary>The domain itself, or that of a file which came down the pipeline.</summary>
    private protected static VMDomain Read(VMDomain given) =>
        given.UnreadFile is string file ? new VMDomain(DomainFile.Load(file).Domain, path: file) : given;

    /// <summary>The domains of libvirt that a name with wildcards, or a UUID, stands for.</summary>
    private protected IReadOnlyList<LibvirtDomain> FindDomains(string name, bool readOnly = false)
    {
        LibvirtConnection connection = ConnectionCache.Get(Connection, Cancellation, readOnly);
        if (!WildcardPattern.ContainsWildcardCharacters(name))
        {
            return [connection.GetDomain(WildcardPattern.Unescape(name))];
        }

        WildcardPattern pattern = NamePattern.Of(name);
        return [.. connection.ListDomains().Where(domain => pattern.IsMatch(domain.Name))];
    }

    /// <summary>The files that a path stands for; a failure has been reported when there are none.</summary>
    private protected IReadOnlyList<string> FindFiles(string path, bool literal)
    {
        if (literal || !WildcardPattern.ContainsWildcardCharacters(path))
        {
            return TryGetFileSystemPath(literal ? path : WildcardPattern.Unescape(path), out string? plain) ? [plain] : [];
        }

        if (TryExpandFileSystemPath(path, out IReadOnlyList<string> matches) && matches.Count == 0)
        {
            WriteFailure("FileNotFound", ErrorCategory.ObjectNotFound, path, new FileNotFoundException($"No file matches '{path}'."),
                "Use -LiteralPath when the name itself has the characters * ? [ or ].");
        }

        return matches;
    }
}
