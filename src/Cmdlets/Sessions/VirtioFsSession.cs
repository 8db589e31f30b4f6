using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>A virtual machine that uses a share, as it was at one moment.</summary>
public sealed class VirtioFsSession
{
    internal VirtioFsSession(IRunningShare share, ShareSession session)
    {
        ShareId = share.Id;
        Session = session.Number;
        Tag = share.Options.Tag;
        Path = share.Options.Path;
        ProcessId = session.FrontEnd.ProcessId;
        ProcessName = session.FrontEnd.ProcessName;
        Domain = FrontEndDomain.Of(share, session.FrontEnd);
        Connected = session.FrontEnd.ConnectedAt;
        IsMounted = session.IsMounted;
        MemorySize = session.FrontEnd.MemorySize;
        Features = [.. session.Features];
        Queues = [.. session.FrontEnd.Queues];
        InodeCount = session.Holdings.InodeCount;
        OpenFileCount = session.Holdings.OpenFileCount;
        MemoryWarning = session.FrontEnd.MemoryWarning;
    }

    /// <summary>The id of the share.</summary>
    public int ShareId { get; }

    /// <summary>The session's number in its share; the first is 1.</summary>
    public long Session { get; }

    /// <summary>The share's tag.</summary>
    public string Tag { get; }

    /// <summary>The shared directory.</summary>
    public string Path { get; }

    /// <summary>The front end's process; 0 when it lives in another pid namespace.</summary>
    public int ProcessId { get; }

    /// <summary>The name of that process, such as <c>qemu-system-x86</c>; null when it cannot be seen.</summary>
    public string? ProcessName { get; }

    /// <summary>The virtual machine: the domain that the share was started for, or the name that QEMU was given; null when neither is known.</summary>
    public string? Domain { get; }

    /// <summary>When the front end connected.</summary>
    public DateTimeOffset Connected { get; }

    /// <summary>Whether the guest has the file system mounted.</summary>
    public bool IsMounted { get; }

    /// <summary>Guest memory that the device can see, in bytes.</summary>
    public ulong MemorySize { get; }

    /// <summary>What virtio, vhost-user and FUSE agreed on, by name.</summary>
    public string[] Features { get; }

    /// <summary>The virtqueues that are set up, and how far they are.</summary>
    public ShareGuestQueue[] Queues { get; }

    /// <summary>Inodes that the guest knows.</summary>
    public int InodeCount { get; }

    /// <summary>Files and directories that the guest holds open.</summary>
    public int OpenFileCount { get; }

    /// <summary>What is to be known of guest memory that its owner can take away while the device uses it; null where nobody can.</summary>
    public string? MemoryWarning { get; }

    /// <summary>The tag and the session's number.</summary>
    public override string ToString() => $"{Tag}:{Session}";
}
