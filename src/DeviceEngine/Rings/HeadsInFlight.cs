namespace VirtioFs.DeviceEngine.Rings;

/// <summary>
/// Which of a ring's chains are with the device. A driver must not offer one again before it came back (virtio 1.2 §2.7.13.1), so no more
/// requests are in flight than the ring has entries.
/// </summary>
/// <remarks>
/// The ring's worker takes, any thread gives back before it shows the driver the used entry. What the driver does then pairs the two: it
/// offers a chain after it has seen the entry, and the worker looks after it has seen the offer.
/// </remarks>
internal sealed class HeadsInFlight(int size)
{
    private readonly bool[] _taken = new bool[size];

    /// <summary>Takes a chain by its head, which is below the ring's size. False when it is with the device already.</summary>
    internal bool TryTake(int head)
    {
        ref bool taken = ref _taken[head];
        if (taken)
        {
            return false;
        }

        taken = true;
        return true;
    }

    internal void GiveBack(int head) => _taken[head] = false;
}
