using System.Management.Automation;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Connection;

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

    private readonly DomainText _pipedText = new();

    /// <summary>libvirt's connection URI, such as qemu:///system; libvirt's own default when left out.</summary>
    [Parameter]
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
        exception = exception is LibvirtXmlException known ? CommandAdvice.Add(known) : exception;
        WriteFailure(errorId, category, target, exception, ErrorAdvice.For(errorId, exception.Message));
    }

    private protected void WriteWarnings(IEnumerable<Advice> warnings)
    {
        foreach (Advice warning in warnings)
        {
            WriteWarning(CommandAdvice.MessageOf(warning));
        }
    }

    /// <summary>Whether a parameter was given, so that it counts even when it is empty or off.</summary>
    private protected bool IsGiven(string parameter) => MyInvocation.BoundParameters.ContainsKey(parameter);

    /// <summary>What a switch says: on, off, or nothing when it was not given.</summary>
    private protected bool? Tristate(SwitchParameter value, string parameter) => IsGiven(parameter) ? value.IsPresent : null;

    /// <summary>The domains that an argument for a domain stands for. An error has been written for what cannot be read.</summary>
    private protected IEnumerable<VMDomain> Read(VMDomain given)
    {
        if (given.UnreadText is string text)
        {
            return ReadTexts(_pipedText.Take(text), given.Connection);
        }

        return given.UnreadFile is string file ? ReadFile(file) : [given];
    }

    /// <summary>What remains of texts when the pipeline has ended; an error has been written when it is no domain.</summary>
    private protected IEnumerable<VMDomain> ReadRest() => _pipedText.TakeRest() is string rest ? ReadTexts([rest], null) : [];

    private List<VMDomain> ReadTexts(IEnumerable<string> texts, string? connection)
    {
        List<VMDomain> domains = [];
        foreach (string text in texts)
        {
            if (DomainText.IsXml(text))
            {
                Try(null, () => domains.Add(new VMDomain(LibvirtXml.Domain.Parse(text.TrimStart('\uFEFF'), Cancellation), connection)));
            }
            else if (TryGetFileSystemPath(text, out string? path))
            {
                domains.AddRange(ReadFile(path));
            }
        }

        return domains;
    }

    private VMDomain[] ReadFile(string path)
    {
        VMDomain[] read = [];
        Try(path, () => read = [VMDomain.OfOrigin(new FileTarget(LoadFile(path)))]);
        return read;
    }

    /// <summary>Reads a file; an error of its content names it.</summary>
    private protected DomainFile LoadFile(string path) => Await($"Reading '{path}'", () =>
    {
        if (Directory.Exists(path))
        {
            throw new DomainRuleException("NotAFile", $"'{path}' is a folder. Name the files in it, such as -Path '{path}/*.xml'.");
        }

        try
        {
            return DomainFile.Load(path, Cancellation);
        }
        catch (DomainXmlException exception) when (!exception.Message.Contains(path, StringComparison.Ordinal))
        {
            throw new DomainRuleException(exception.ErrorId, $"The file '{path}' is not used: {exception.Message}");
        }
    });

    /// <summary>The same domain as it is in its place now.</summary>
    private protected DomainTarget Again(DomainTarget target) => target.Again(identity => FindDomain(identity), LoadFile);

    /// <summary>A living connection: the one that is given, or else that of the parameter, or else libvirt's default.</summary>
    private protected LibvirtConnection Connect(string? uri = null, bool readOnly = false) =>
        Await($"Connecting to {Connection ?? uri ?? "libvirt"}", () => ConnectionCache.Get(Connection ?? uri, Cancellation, readOnly));

    /// <summary>The domains of libvirt that a name with wildcards, or a UUID, stands for, as a person has typed it.</summary>
    private protected IReadOnlyList<LibvirtDomain> FindDomains(string name, bool readOnly = false)
    {
        LibvirtConnection connection = Connect(readOnly: readOnly);
        if (!WildcardPattern.ContainsWildcardCharacters(name))
        {
            return [Await($"Looking for the domain '{name}' at {connection.Uri}", () => connection.GetDomain(WildcardPattern.Unescape(name)))];
        }

        WildcardPattern pattern = NamePattern.Of(name);
        return [.. Await($"Listing the domains at {connection.Uri}", connection.ListDomains).Where(domain => pattern.IsMatch(domain.Name))];
    }

    /// <summary>A domain as the cmdlets emit it.</summary>
    private protected VMDomain ReadDomain(LibvirtDomain domain, bool inactive) =>
        Await($"Reading the domain '{domain.Name}' at {domain.Connection.Uri}", () => VMDomainReader.Read(domain, inactive));

    /// <summary>A domain of libvirt as a place of change.</summary>
    private protected LibvirtTarget TargetOf(LibvirtDomain domain) =>
        Await($"Reading the domain '{domain.Name}' at {domain.Connection.Uri}", () => new LibvirtTarget(domain));

    /// <summary>Refuses a row that only names a domain where a whole definition is wanted.</summary>
    private protected static void RequireDefinition(VMDomain given)
    {
        if (given.Identity is DomainIdentity named)
        {
            throw new DomainRuleException("NoDefinition", $"The row '{named.Name}' only names a domain and has no definition. Pipe what Get-VMDomain gives, or XML.");
        }
    }

    /// <summary>The domain of libvirt that an object stands for: by its UUID, which no other domain has, or else by its very name.</summary>
    /// <exception cref="DomainRuleException">The object does not come from libvirt, and no connection is named.</exception>
    /// <exception cref="LibvirtException">The domain is not there, or libvirt reports an error.</exception>
    private protected LibvirtDomain FindDomain(VMDomain given, bool readOnly = false)
    {
        DomainIdentity identity = given.Identity ?? new DomainIdentity(given.Name, given.Uuid, given.Connection);
        if (given.Identity is null && (Connection ?? given.Connection) is null)
        {
            throw new DomainRuleException(
                "NotFromLibvirt",
                $"The domain '{given}' comes from {given.Path ?? "a text"} and not from libvirt. Define it there with Set-VMDomain, or say where it is with -Connection.");
        }

        return FindDomain(identity, readOnly);
    }

    /// <summary>The domain of libvirt that is named so: by its UUID, which no other domain has, or else by its very name.</summary>
    /// <exception cref="LibvirtException">The domain is not there, or libvirt reports an error.</exception>
    private protected LibvirtDomain FindDomain(DomainIdentity identity, bool readOnly = false)
    {
        LibvirtConnection connection = Connect(identity.Connection, readOnly);
        string activity = $"Looking for the domain '{identity.Name ?? identity.Uuid?.ToString()}' at {connection.Uri}";
        if (identity.Uuid is Guid uuid)
        {
            return Await(activity, () => connection.GetDomain(uuid));
        }

        if (string.IsNullOrEmpty(identity.Name))
        {
            throw new DomainRuleException("DomainNotFound", "The object has neither a UUID nor a name, so it stands for no domain of libvirt. Name one with -Name.");
        }

        LibvirtDomain found = Await(activity, () => connection.GetDomain(identity.Name));
        if (found.Name == identity.Name)
        {
            return found;
        }

        // The name looks like a UUID, which is another domain's.
        found.Dispose();
        throw new DomainRuleException("DomainNotFound", $"No domain has the name '{identity.Name}' at {connection.Uri}. Get-VMDomain lists those that are there.");
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
