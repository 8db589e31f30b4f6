namespace VirtioFs.Frontend.Rings;

/// <summary>The sums of <c>virtio 1.2 §2.7</c>, whose indices run through all 16 bits and wrap.</summary>
public static class RingArithmetic
{
    /// <summary>Bytes of the descriptor table.</summary>
    public static int DescriptorTableBytes(int size) => 16 * size;

    /// <summary>Bytes of the available ring with <c>used_event</c>.</summary>
    public static int AvailableRingBytes(int size) => 6 + (2 * size);

    /// <summary>Bytes of the used ring with <c>avail_event</c>.</summary>
    public static int UsedRingBytes(int size) => 6 + (8 * size);

    /// <summary>Whether an index went past the event that the other side waits for (<c>vring_need_event</c>).</summary>
    /// <param name="eventIndex">The index whose use the other side wants to hear of.</param>
    /// <param name="newIndex">The index now.</param>
    /// <param name="oldIndex">The index at the last look.</param>
    public static bool NeedsEvent(ushort eventIndex, ushort newIndex, ushort oldIndex) =>
        (ushort)(newIndex - eventIndex - 1) < (ushort)(newIndex - oldIndex);
}
