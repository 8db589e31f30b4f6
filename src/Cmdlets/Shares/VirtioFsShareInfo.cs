using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>A share as it was at one moment. The share itself lives on in its process; its <see cref="Id"/> finds it.</summary>
public sealed partial class VirtioFsShareInfo
{
    internal VirtioFsShareInfo(IRunningShare share)
    {
        _options = share.Options;
        Id = share.Id;
        Detached = share.IsDetached;
        ProcessId = share.ProcessId;
        Tag = share.Options.Tag;
        State = share.State;
        Path = share.Options.Path;
        Socket = share.Options.SocketPath;
        Jail = share.Jail;
        Guest = share.Guest is { } guest ? new VirtioFsGuestInfo(guest) : null;
        Started = share.StartedAt;
        Reason = DescribeTrouble(share);
        ShareDomain? domain = DomainShare.Of(share);
        (Domain, Connection) = (domain?.Name, domain?.Connection);
    }

    /// <summary>Names the share in this process. An id is never used again.</summary>
    public int Id { get; }

    /// <summary>The name by which a guest mounts the share.</summary>
    public string Tag { get; }

    /// <summary>Whether the share waits for a guest, serves one, was stopped, or failed.</summary>
    public ShareState State { get; }

    /// <summary>The shared directory.</summary>
    public string Path { get; }

    /// <summary>The UNIX socket that a virtual machine's monitor connects to.</summary>
    public string Socket { get; }

    /// <summary>Who is connected; null when nobody is.</summary>
    public VirtioFsGuestInfo? Guest { get; }

    /// <summary>What confines each of the threads that answer the guest, such as "Landlock 7, Seccomp, Capabilities, NoNewPrivileges"; "None" for nothing.</summary>
    public string Jail { get; }

    /// <summary>When the share was started.</summary>
    public DateTimeOffset Started { get; }

    /// <summary>What is wrong with the share, or went wrong last; null when nothing did.</summary>
    public string? Reason { get; }

    /// <summary>The domain of libvirt that the share was started for; null when it was started for none.</summary>
    public string? Domain { get; }

    /// <summary>Whether the share has a process of its own, and goes on without the session that started it.</summary>
    public bool Detached { get; }

    /// <summary>The process that serves the share.</summary>
    public int ProcessId { get; }

    /// <summary>libvirt's connection URI of that domain; null for libvirt's own default.</summary>
    public string? Connection { get; }

    private static string? DescribeTrouble(IRunningShare share) =>
        share.State is ShareState.Waiting or ShareState.Connected && !System.IO.Path.Exists(share.Options.SocketPath)
            ? $"The socket '{share.Options.SocketPath}' has vanished, so no virtual machine can connect any more. Stop the share and start it again."
            : share.FaultReason;

    /// <summary>The tag.</summary>
    public override string ToString() => Tag;
}
