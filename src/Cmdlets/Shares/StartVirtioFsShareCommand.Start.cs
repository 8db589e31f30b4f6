using System.Management.Automation;
using VirtioFs.DeviceEngine.Control;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Changes;

namespace VirtioFs.Cmdlets;

/// <content>Starts one share, and gives it to a domain.</content>
public sealed partial class StartVirtioFsShareCommand
{
    private void Start(string directory, uint? groupId)
    {
        string tag = string.IsNullOrEmpty(Tag) ? System.IO.Path.GetFileName(directory) : Tag;
        ShareOptions? options = null;
        try
        {
            using DomainShare? guest = string.IsNullOrEmpty(Domain) ? null : DomainShare.Find(new ShareDomain(Domain, Connection), Cancellation);
            if (!TryChooseSocket(tag, guest, out string socket))
            {
                return;
            }

            options = CreateOptions(directory, tag, socket, groupId);
            options.Validate();
            guest?.Require(options);
            options = guest is null ? options : LetQemuConnect(options, guest.QemuGroupId);
            DetachedShare? present = Detached && guest is not null ? DetachedProcess.FindSame(options, guest) : null;
            if (present is not null && guest!.SocketOf(tag) == options.SocketPath)
            {
                WriteVerbose($"'{directory}' is shared already, and the domain '{Domain}' has the device; both are left as they are.");
                WriteObject(new VirtioFsShareInfo(present));
                return;
            }

            string connecting = guest is null ? string.Empty : $", and {guest.Describe(tag)}";
            if (!Confirms(directory, $"Share '{directory}' as '{tag}' on the socket '{socket}'{connecting}", "Start a share"))
            {
                return;
            }

            if (DefaultSocket.PathFor(tag) == socket)
            {
                DefaultSocket.EnsureFolder(socket);
            }

            IRunningShare share = Start(options, guest, present);
            WriteObject(new VirtioFsShareInfo(share));
            WarnIfUnreadable(directory);
            if (guest?.Advice(tag) is { } advice)
            {
                WriteWarning(advice);
            }

            WriteVerbose($"'{directory}' is shared. The guest mounts it with: mount -t virtiofs {tag} /mnt");
        }
        catch (OperationCanceledException) when (Cancellation.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        catch (LibvirtXmlException e)
        {
            WriteError(new ErrorRecord(CommandAdvice.Add(e), e.ErrorId, ErrorCategories.Of(e).Category, Domain));
        }
        catch (Exception e) when (options is not null && StartFailure.Describe(e, options) is { } failure)
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

    // A share that its domain does not take is stopped again, so that nothing is half done; one that was there before stays.
    private IRunningShare Start(ShareOptions options, DomainShare? guest, DetachedShare? present)
    {
        IRunningShare? share = null;
        UndoSteps.Run(undo =>
        {
            share = present;
            if (share is null)
            {
                share = Detached ? Await($"Starting a process for the share '{options.Tag}'", () => DetachedProcess.Start(options, Cancellation)) : StartHere(options);
                undo.Add($"the share '{options.Tag}' was started", share.Stop);
            }

            if (guest is not null)
            {
                DomainNote? former = present?.Domain;
                DomainShare.Remember(share, guest);
                if (present is not null)
                {
                    undo.Add($"the share '{options.Tag}' was noted to be the domain's", () => present.Remember(former));
                }

                Await($"Giving the share '{options.Tag}' to its domain", () => guest.Connect(share.Options));
            }
        });

        return share!;
    }

    private static Share StartHere(ShareOptions options)
    {
        DetachedProcess.RequireFree(options, RunningShares.ListOwn().Where(share => share.IsDetached));
        return Share.Start(options);
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
            SocketMode = string.IsNullOrEmpty(SocketMode) ? null : SocketModeAttribute.ToFileMode(SocketMode),
            FileSystem = CreateFileSystemOptions(),
        };
        return options with
        {
            RequestQueues = RequestQueues ?? options.RequestQueues,
            QueueSize = QueueSize ?? options.QueueSize,
            PollMicroseconds = PollMicroseconds ?? options.PollMicroseconds,
            BlockingThreads = BlockingThreads ?? options.BlockingThreads,
            Jail = JailMode,
        };
    }

    // The socket that was named; or where the domain's device looks for it; or the standard place.
    private bool TryChooseSocket(string tag, DomainShare? guest, out string socket)
    {
        socket = string.Empty;
        if (!string.IsNullOrEmpty(Socket))
        {
            bool resolved = TryGetFileSystemPath(Socket, out string? given);
            socket = given ?? string.Empty;
            return resolved;
        }

        if ((guest?.SocketOf(tag) ?? DefaultSocket.PathFor(tag)) is { } standard)
        {
            socket = standard;
            return true;
        }

        WriteFailure("NoSocketFolder", ErrorCategory.ObjectNotFound, tag,
            "There is no folder for the share's socket, because XDG_RUNTIME_DIR is not set in this session.", "Name a socket with -Socket.");
        return false;
    }
}
