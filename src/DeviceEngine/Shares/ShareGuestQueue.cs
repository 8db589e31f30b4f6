namespace VirtioFs.DeviceEngine.Shares;

/// <summary>One virtqueue of a connected guest.</summary>
/// <param name="Index">The queue's index: 0 is the high-priority queue, the others are request queues.</param>
/// <param name="Size">Entries in the ring; 0 before the front end has said.</param>
/// <param name="Enabled">Whether the front end has enabled the ring.</param>
/// <param name="Started">Whether the guest has kicked the ring since the front end set it up.</param>
/// <param name="FaultReason">Why the ring was stopped for good, as a sentence; null when it is sound. A reset of the device heals it.</param>
public sealed record ShareGuestQueue(int Index, int Size, bool Enabled, bool Started, string? FaultReason);
