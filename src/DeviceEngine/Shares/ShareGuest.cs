namespace VirtioFs.DeviceEngine.Shares;

/// <summary>The front end that is connected to a share, as it was at the moment of asking.</summary>
/// <param name="ProcessId">The front end's process; 0 when it lives in another pid namespace.</param>
/// <param name="ProcessName">The name of that process, such as <c>qemu-system-x86</c>; null when it cannot be seen.</param>
/// <param name="ConnectedAt">When it connected.</param>
/// <param name="Features">The virtio and vhost feature bits that it has accepted.</param>
/// <param name="ProtocolFeatures">The vhost-user protocol feature bits that it has accepted.</param>
/// <param name="MemorySize">Guest memory that it shares with the device, in bytes.</param>
/// <param name="Queues">The virtqueues that it has set up.</param>
/// <param name="MemoryWarning">
/// As sentences, what is to be known of memory that can be taken away while the device uses it; null where it cannot.
/// </param>
public sealed record ShareGuest(
    int ProcessId,
    string? ProcessName,
    DateTimeOffset ConnectedAt,
    ulong Features,
    ulong ProtocolFeatures,
    ulong MemorySize,
    IReadOnlyList<ShareGuestQueue> Queues,
    string? MemoryWarning = null);
