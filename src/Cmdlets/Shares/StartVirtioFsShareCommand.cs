using System.Management.Automation;
using VirtioFs.DeviceEngine;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Shares directories with virtual machines, each under a tag and on a socket of its own.</summary>
[Cmdlet(VerbsLifecycle.Start, "VirtioFsShare", DefaultParameterSetName = PathSet, SupportsShouldProcess = true)]
[OutputType(typeof(VirtioFsShareInfo))]
public sealed partial class StartVirtioFsShareCommand : VirtioFsCmdlet
{
    private const string PathSet = "Path";
    private const string LiteralPathSet = "LiteralPath";

    /// <summary>Directories to share, with wildcards; or a single file.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = PathSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Directories or single files to share; wildcard characters stand for themselves.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = LiteralPathSet)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>The name by which the guest mounts the share; the directory's own name by default.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Tag { get; set; }

    /// <summary>The socket that the virtual machine's monitor connects to; below /run/virtiofs or $XDG_RUNTIME_DIR by default.</summary>
    [Parameter(Position = 2, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Socket { get; set; }

    /// <summary>The group that owns the socket, by name or number.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(UnixGroupCompleter))]
    public string? SocketGroup { get; set; }

    /// <summary>The socket's mode in octal digits.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SocketMode]
    [ArgumentCompleter(typeof(SocketModeCompleter))]
    public string? SocketMode { get; set; }

    /// <summary>The most request queues that a guest may use; unused ones cost nothing.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(1, ShareOptions.MaximumRequestQueues)]
    public int? RequestQueues { get; set; }

    /// <summary>The most entries that a queue may have: a power of two.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(2, ShareOptions.MaximumQueueSize)]
    public int? QueueSize { get; set; }

    /// <summary>A domain of libvirt that gets the share as a device: at once when it runs, and in its definition.</summary>
    [Parameter]
    [Alias("DomainName")]
    [ArgumentCompleter(typeof(DomainNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Domain { get; set; }

    /// <summary>libvirt's connection URI for the domain; libvirt's own default when left out.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConnectionCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Connection { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (!TryFindGroup(out uint? groupId))
        {
            return;
        }

        foreach (string path in ParameterSetName == LiteralPathSet ? LiteralPath : Path)
        {
            foreach (string directory in FindDirectories(path))
            {
                if (Cancellation.IsCancellationRequested)
                {
                    return;
                }

                Start(directory, groupId);
            }
        }
    }

    private bool TryFindGroup(out uint? groupId)
    {
        groupId = null;
        if (SocketGroup is null || UnixGroupName.TryResolve(SocketGroup, out groupId))
        {
            return true;
        }

        WriteFailure("GroupNotFound", ErrorCategory.ObjectNotFound, SocketGroup,
            $"This host has no group '{SocketGroup}'.", "Give -SocketGroup the name or number of a group that 'getent group' shows.");
        return false;
    }

    private string[] FindDirectories(string path)
    {
        if (ParameterSetName == LiteralPathSet || !WildcardPattern.ContainsWildcardCharacters(path))
        {
            return TryGetFileSystemPath(ParameterSetName == LiteralPathSet ? path : WildcardPattern.Unescape(path), out string? literal)
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

        if (directories.Length > 1 && (Tag ?? Socket) is not null)
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

    private void Start(string directory, uint? groupId)
    {
        string tag = Tag ?? System.IO.Path.GetFileName(directory);
        if (!TryChooseSocket(tag, out string socket))
        {
            return;
        }

        ShareOptions options = CreateOptions(directory, tag, socket, groupId);
        try
        {
            options.Validate();
            using DomainShare? guest = Domain is null ? null : DomainShare.Find(Domain, Connection, tag, socket, Cancellation);
            options = guest is null ? options : LetQemuConnect(options, guest.QemuGroupId);
            string connecting = guest is null ? string.Empty : $", and {guest.Description}";
            if (!ShouldProcess(directory, $"Share as '{tag}' on the socket '{socket}'{connecting}"))
            {
                return;
            }

            if (Socket is null)
            {
                DefaultSocket.EnsureFolder(socket);
            }

            Share share = Share.Start(options);
            Connect(guest, share);
            WriteObject(new VirtioFsShareInfo(share));
            WarnIfUnreadable(directory);
            WriteVerbose($"'{directory}' is shared. The guest mounts it with: mount -t virtiofs {tag} /mnt");
        }
        catch (OperationCanceledException) when (Cancellation.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        catch (LibvirtXmlException e)
        {
            // These messages end with what to do.
            WriteError(new ErrorRecord(e, e.ErrorId, ErrorCategories.Of(e).Category, Domain));
        }
        catch (Exception e) when (StartFailure.Describe(e, options) is { } failure)
        {
            WriteFailure(failure.ErrorId, failure.Category, directory, failure.Exception, failure.RecommendedAction);
        }
    }

    // QEMU runs as a user of its own; without these rights libvirt could not connect it.
    private static ShareOptions LetQemuConnect(ShareOptions options, uint? qemuGroup) => qemuGroup is null || options.SocketGroupId is not null
        ? options
        : options with
        {
            SocketGroupId = qemuGroup,
            SocketMode = options.SocketMode ?? (UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite),
        };

    // A share that its domain does not take is stopped again, so that nothing is half done.
    private static void Connect(DomainShare? guest, Share share)
    {
        try
        {
            guest?.Connect(share.Options.Tag, share.Options.SocketPath);
        }
        catch
        {
            share.Stop();
            throw;
        }
    }

    // The device needs no right to read the directory itself, and a guest may know the names below it, so this is no error.
    private void WarnIfUnreadable(string directory)
    {
        if (File.Exists(directory))
        {
            return;
        }

        try
        {
            using IEnumerator<string> entries = Directory.EnumerateFileSystemEntries(directory).GetEnumerator();
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            WriteWarning($"The guest cannot list '{directory}': {e.Message}");
        }
    }

    private ShareOptions CreateOptions(string directory, string tag, string socket, uint? groupId)
    {
        var options = new ShareOptions
        {
            Path = directory,
            Tag = tag,
            SocketPath = socket,
            SocketGroupId = groupId,
            SocketMode = SocketMode is null ? null : SocketModeAttribute.ToFileMode(SocketMode),
            FileSystem = CreateFileSystemOptions(),
        };
        return options with
        {
            RequestQueues = RequestQueues ?? options.RequestQueues,
            QueueSize = QueueSize ?? options.QueueSize,
        };
    }

    private bool TryChooseSocket(string tag, out string socket)
    {
        socket = string.Empty;
        if (Socket is not null)
        {
            bool resolved = TryGetFileSystemPath(Socket, out string? given);
            socket = given ?? string.Empty;
            return resolved;
        }

        if (DefaultSocket.PathFor(tag) is { } standard)
        {
            socket = standard;
            return true;
        }

        WriteFailure("NoSocketFolder", ErrorCategory.ObjectNotFound, tag,
            "There is no folder for the share's socket, because XDG_RUNTIME_DIR is not set in this session.", "Name a socket with -Socket.");
        return false;
    }
}
