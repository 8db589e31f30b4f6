namespace VirtioFs.DeviceEngine.Shares;

/// <summary>One virtqueue of a connected guest.</summary>
/// <param name="Index">The queue's index: 0 is the high-priority queue, the others are request queues.</param>
/// <param name="Size">Entries in the ring; 0 before the front end has said.</param>
/// <param name="Enabled">Whether the front end has enabled the ring.</param>
/// <param name="Started">Whether the guest has kicked the ring since the front end set it up.</param>
/// <param name="FaultReason">Why the ring was stopped for good, as a sentence; null when it is sound. A reset of the device heals it.</param>
public sealed record ShareGuestQueue(int Index, int Size, bool Enabled, bool Started, string? FaultReason)
{
    /// <summary>The entry of the available ring that is taken next, counted in 16 bits; of a closed ring, the one to go on with.</summary>
    public int NextAvailable { get; init; }

    /// <summary>The entry of the used ring that is put in next, counted in 16 bits; null while the ring is closed.</summary>
    public int? NextUsed { get; init; }

    /// <summary>Requests that its worker has handed on: to threads that may block, and those that wait for locks.</summary>
    public int RequestsAway { get; init; }

    /// <summary>Requests taken from it and answered.</summary>
    public long Requests { get; init; }

    /// <summary>Times that its worker was woken by the guest.</summary>
    public long Kicks { get; init; }

    /// <summary>Times that the guest was notified.</summary>
    public long Calls { get; init; }
}
