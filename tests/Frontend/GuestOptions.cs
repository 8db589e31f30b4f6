using VirtioFs.Frontend.VhostUser;

namespace VirtioFs.Frontend;

/// <summary>What kind of guest to play.</summary>
public sealed record GuestOptions
{
    /// <summary>Whose order of messages.</summary>
    public FrontEndKind FrontEnd { get; init; } = FrontEndKind.Qemu;

    /// <summary>Request queues, besides the high-priority one.</summary>
    public int RequestQueues { get; init; } = 1;

    /// <summary>Entries of each ring.</summary>
    public int QueueSize { get; init; } = 1024;

    /// <summary>Bytes of memory from address 0 up, which is a region of its own; zero for one region in all.</summary>
    public ulong LowMemoryBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of memory from 4 GiB up, where rings and buffers lie.</summary>
    public ulong MemoryBytes { get; init; } = 64 << 20;

    /// <summary>Makes the memory's file of so many bytes; a memfd that can be sealed when omitted.</summary>
    public Func<long, int>? MakeMemoryFile { get; init; }

    /// <summary>Features that the driver takes if the back end offers them.</summary>
    public VirtioFeatures Features { get; init; } = VirtioFeatures.LinuxGuest;

    /// <summary>Protocol features that the front end takes if the back end offers them; the front end's own when omitted.</summary>
    public ProtocolFeatures? ProtocolFeatures { get; init; }

    /// <summary>How long to wait for the back end's socket to be there, and for each reply.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);
}
