using VirtioFs.DeviceEngine.Descriptors;
using VirtioFs.DeviceEngine.Memory;
using VirtioFs.DeviceEngine.Rings;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// What the front end has told of one ring, held against what is possible. The control thread changes it while the ring's worker rests; only
/// the first kick is noted by the worker.
/// </summary>
internal sealed class RingSetup(int index)
{
    private bool _isSizeOld;
    private bool _hasUnserved;

    /// <summary>Entries; 0 before the front end has said (SET_VRING_NUM).</summary>
    internal int Size { get; private set; }

    /// <summary>Where the ring's parts lie (SET_VRING_ADDR).</summary>
    internal RingAddresses? Addresses { get; set; }

    /// <summary>SET_VRING_ENABLE.</summary>
    internal bool IsEnabled { get; set; }

    /// <summary>Whether the guest has kicked, or is to be polled.</summary>
    internal bool IsStarted { get; set; }

    /// <summary>The descriptor that the guest kicks by, or -1 (SET_VRING_KICK).</summary>
    internal int Kick { get; private set; } = -1;

    /// <summary>True when the guest does not kick.</summary>
    internal bool NeedsPolling { get; private set; }

    /// <summary>Whether it is known how the guest kicks; a ring without is stopped.</summary>
    internal bool HasKick => Kick >= 0 || NeedsPolling;

    /// <summary>Whether a ring can be opened by it.</summary>
    internal bool IsComplete => Size > 0 && Addresses is not null && IsEnabled && HasKick;

    /// <summary>What is wrong with a size, as a sentence.</summary>
    internal string? DescribeFault(uint size, int maximum) => size == 0 || size > (uint)maximum || !uint.IsPow2(size)
        ? $"Ring {index} cannot have {size} entries: it takes a power of two up to {maximum}."
        : null;

    /// <summary>What is wrong with addresses, as a sentence, as far as it can be told yet: the next driver may tell its ring's size after them.</summary>
    internal string? DescribeFault(in RingAddresses addresses, GuestMemory memory)
    {
        string? fault = Size == 0 || _isSizeOld || memory.Regions.IsEmpty ? null : SplitRing.DescribeFault(memory, addresses, Size);
        return fault is null ? null : $"Ring {index}: {fault}";
    }

    /// <summary>Whether addresses name the place where the ring lies already.</summary>
    internal bool IsSamePlace(in RingAddresses addresses) => Addresses is RingAddresses old
        && (old.Descriptors, old.Available, old.Used) == (addresses.Descriptors, addresses.Available, addresses.Used);

    /// <summary>Makes a kick descriptor fit to be waited for; it is closed where it is not. Null, or what is wrong, as a sentence.</summary>
    internal string? TryPrepareKick(ref int descriptor)
    {
        string? fault = descriptor < 0 ? null : FrontEndDescriptor.TryPrepare(ref descriptor, forWriting: false, out _);
        if (fault is null)
        {
            return null;
        }

        DescriptorDisposal.Close(descriptor);
        return $"The kick descriptor of ring {index} {fault}.";
    }

    internal void TakeSize(int size) => (Size, _isSizeOld) = (size, false);

    /// <summary>Takes a kick descriptor over, or polling where there is none.</summary>
    internal void TakeKick(int descriptor)
    {
        CloseKick();
        Kick = descriptor;
        NeedsPolling = descriptor < 0;
        IsStarted |= NeedsPolling || _hasUnserved;
        _hasUnserved = false;
    }

    /// <summary>The ring stops until there is a kick descriptor again.</summary>
    internal void Stop()
    {
        CloseKick();
        (NeedsPolling, IsStarted, _isSizeOld) = (false, false, true);
    }

    /// <summary>Notes whether a ring that was stopped has requests, for which the guest kicked long ago or was told not to.</summary>
    internal void NoteUnserved(bool hasUnserved) => _hasUnserved = hasUnserved;

    /// <summary>Forgets all but the kick, which <see cref="Stop"/> forgets.</summary>
    internal void Forget(bool enabled) => (Size, Addresses, IsEnabled, _hasUnserved) = (0, null, enabled, false);

    internal void CloseKick()
    {
        FileDescriptor.Close(Kick);
        Kick = -1;
    }
}
