using System.Management.Automation;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Shares directories with virtual machines, each under a tag and on a socket of its own.</summary>
[Cmdlet(VerbsLifecycle.Start, "VirtioFsShare", DefaultParameterSetName = PathSet, SupportsShouldProcess = true)]
[OutputType(typeof(VirtioFsShareInfo))]
public sealed partial class StartVirtioFsShareCommand : VirtioFsCmdlet
{
    private const string PathSet = "Path";
    private const string LiteralPathSet = "LiteralPath";
    private const string InputObjectSet = "InputObject";

    /// <summary>Directories to share, with wildcards; or a single file.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Directories or single files to share; wildcard characters stand for themselves.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>What is shared: paths, files, shares, or records of a table with a property Path and properties named like options.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    [ValidateNotNull]
    public PSObject? InputObject { get; set; }

    /// <summary>The name by which the guest mounts the share; the directory's own name by default.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(DirectoryNameCompleter))]
    [AllowEmptyString]
    public string? Tag { get; set; }

    /// <summary>The socket that the virtual machine's monitor connects to; below /run/virtiofs or $XDG_RUNTIME_DIR by default.</summary>
    [Parameter(Position = 2, ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    public string? Socket { get; set; }

    /// <summary>The group that owns the socket, by name or number.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(UnixGroupCompleter))]
    [AllowEmptyString]
    public string? SocketGroup { get; set; }

    /// <summary>The socket's mode in octal digits.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SocketMode]
    [ArgumentCompleter(typeof(SocketModeCompleter))]
    public string? SocketMode { get; set; }

    /// <summary>The most request queues that a guest may use; unused ones cost nothing.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [NumberArgument]
    [NumberRange(1, ShareOptions.MaximumRequestQueues)]
    public int? RequestQueues { get; set; }

    /// <summary>The most entries that a queue may have: a power of two.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [NumberArgument]
    [NumberRange(2, ShareOptions.MaximumQueueSize)]
    [ArgumentCompleter(typeof(QueueSizeCompleter))]
    public int? QueueSize { get; set; }

    /// <summary>The longest time in microseconds that a worker watches an empty queue before it sleeps.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [NumberArgument]
    [NumberRange(0, ShareOptions.MaximumPollMicroseconds)]
    public int? PollMicroseconds { get; set; }

    /// <summary>Threads for requests that wait for the host's disks.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [NumberArgument]
    [NumberRange(1, ShareOptions.MaximumBlockingThreads)]
    public int? BlockingThreads { get; set; }

    /// <summary>Whether the threads that answer the guest are confined.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Jail")]
    [ChoiceArgument(JailUse.Available)]
    public JailUse JailMode { get; set; }

    /// <summary>Runs the share in a process of its own, which goes on when this session ends.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchArgument]
    public SwitchParameter Detached { get; set; }

    /// <summary>A domain of libvirt that gets the share as a device: at once when it runs, and in its definition.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("DomainName")]
    [ArgumentCompleter(typeof(DomainNameCompleter))]
    [AllowEmptyString]
    public string? Domain { get; set; }

    /// <summary>libvirt's connection URI for the domain; libvirt's own default when left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionCompleter))]
    [AllowEmptyString]
    public string? Connection { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (!TryReadInput(out IReadOnlyList<string> paths, out bool isLiteral) || !TryFindGroup(out uint? groupId))
        {
            return;
        }

        foreach (string path in paths)
        {
            foreach (string directory in FindDirectories(path, isLiteral))
            {
                if (Cancellation.IsCancellationRequested)
                {
                    return;
                }

                Start(directory, groupId);
            }
        }
    }

    // PowerShell passes over a property that does not bind. An option that was meant must not be lost that way.
    private bool TryReadInput(out IReadOnlyList<string> paths, out bool isLiteral)
    {
        isLiteral = ParameterSetName == LiteralPathSet;
        paths = isLiteral ? LiteralPath : Path;
        if (ParameterSetName != InputObjectSet)
        {
            return true;
        }

        PipedShare piped = new(InputObject!);
        if (!piped.TryGetPath(out string? path, out isLiteral))
        {
            WriteFailure("PathMissing", ErrorCategory.InvalidArgument, InputObject,
                $"'{InputObject}' has no path to share: it is neither a path, a file nor a share, and no record with a property Path.", "Pipe paths, files, shares, or records with a property Path.");
            return false;
        }

        paths = [path];
        if (piped.DescribeLoss(OptionNames(), MyInvocation.BoundParameters) is { } loss)
        {
            WriteFailure("OptionNotUnderstood", ErrorCategory.InvalidData, InputObject,
                $"'{path}' is not shared. {loss}", "Correct the record, or select the properties that are meant with Select-Object.");
            return false;
        }

        return true;
    }

    private Dictionary<string, string> OptionNames()
    {
        Dictionary<string, string> names = new(StringComparer.OrdinalIgnoreCase);
        foreach (ParameterMetadata parameter in MyInvocation.MyCommand.Parameters.Values)
        {
            bool isOption = parameter.ParameterSets.Values.Any(set => set.ValueFromPipelineByPropertyName);
            foreach (string name in isOption ? [parameter.Name, .. parameter.Aliases] : Array.Empty<string>())
            {
                names[name] = parameter.Name;
            }
        }

        return names;
    }

    private bool TryFindGroup(out uint? groupId)
    {
        groupId = null;
        if (string.IsNullOrEmpty(SocketGroup) || UnixGroupName.TryResolve(SocketGroup, out groupId))
        {
            return true;
        }

        WriteFailure("GroupNotFound", ErrorCategory.ObjectNotFound, SocketGroup,
            $"This host has no group '{SocketGroup}'.", "Give -SocketGroup the name or number of a group that 'getent group' shows.");
        return false;
    }

    private string[] FindDirectories(string path, bool isLiteral)
    {
        if (isLiteral || !WildcardPattern.ContainsWildcardCharacters(path))
        {
            return TryGetFileSystemPath(isLiteral ? path : WildcardPattern.Unescape(path), out string? literal)
                && IsThere(literal)
                ? [literal]
                : [];
        }

        if (!TryExpandFileSystemPath(path, out IReadOnlyList<string> matches))
        {
            return [];
        }

        string[] directories = [.. matches.Where(Directory.Exists)];
        if (directories.Length == 0)
        {
            WriteFailure("NoDirectoryMatches", ErrorCategory.ObjectNotFound, path,
                $"No directory matches '{path}'.", "Use -LiteralPath when the name itself has the characters * ? [ or ].");
        }

        if (directories.Length > 1 && !(string.IsNullOrEmpty(Tag) && string.IsNullOrEmpty(Socket)))
        {
            WriteFailure("ManyDirectoriesOneName", ErrorCategory.InvalidArgument, path,
                $"'{path}' matches {directories.Length} directories, but a tag or a socket belongs to one share.",
                "Leave -Tag and -Socket out, so that each share gets its own, or name one directory.");
            return [];
        }

        return directories;
    }

    private bool IsThere(string path)
    {
        if (System.IO.Path.Exists(path))
        {
            return true;
        }

        WriteFailure("DirectoryNotFound", ErrorCategory.ObjectNotFound, path,
            new DirectoryNotFoundException($"There is no directory '{path}', or you may not see it."), "Make the directory first, or correct the path.");
        return false;
    }
}
