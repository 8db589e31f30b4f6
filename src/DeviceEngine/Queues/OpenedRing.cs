using VirtioFs.DeviceEngine.Memory;
using VirtioFs.DeviceEngine.Rings;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// A queue's ring while it is open, the memory that it lies in, and, when it is closed, where it was. The queue's lock guards what changes
/// it; the worker reads it without.
/// </summary>
internal sealed class OpenedRing
{
    private GuestMemory? _offered;
    private RingPosition _left;
    private HeadsInFlight? _inFlight;

    /// <summary>The ring; null while it is closed.</summary>
    internal SplitRing? Ring { get; private set; }

    /// <summary>The memory that it lies in, held here.</summary>
    internal GuestMemory? Memory { get; private set; }

    /// <summary>The entry of the available ring to begin with, or, of a ring that is closed, to go on with.</summary>
    internal ushort Base { get; set; }

    /// <summary>True when new memory waits for <see cref="Adopt"/>.</summary>
    internal bool HasOffer => Volatile.Read(ref _offered) is not null;

    /// <summary>Takes note of newer memory.</summary>
    internal void Offer(GuestMemory memory)
    {
        _offered?.LetGo();
        Volatile.Write(ref _offered, memory.Hold());
    }

    /// <summary>Takes the newest memory into use. Null, or why the ring is not in there, as a sentence; then it is closed.</summary>
    internal string? Adopt()
    {
        GuestMemory? memory = _offered;
        if (memory is null)
        {
            return null;
        }

        GuestMemory? old = Memory;
        Memory = memory;
        Volatile.Write(ref _offered, null);
        string? fault = Ring?.TryMove(memory);
        if (fault is not null)
        {
            Close();
        }

        old?.LetGo();
        return fault;
    }

    /// <summary>Opens the ring. Null, or what is wrong, as a sentence.</summary>
    /// <param name="memory">The newest memory.</param>
    /// <param name="setup">What the front end told; it is complete.</param>
    /// <param name="features">What the driver has agreed on.</param>
    /// <param name="goesOn">Whether the ring is where it was left, so that what was taken from it then is still the driver's to wait for.</param>
    internal string? TryOpen(GuestMemory memory, RingSetup setup, RingFeatures features, out bool goesOn)
    {
        Offer(memory);
        _ = Adopt();
        string? fault = SplitRing.TryOpen(Memory!, setup.Addresses!.Value, setup.Size, Base, features, out SplitRing? ring);
        goesOn = ring is not null && ring.Position == _left;
        if (goesOn)
        {
            ring!.InFlight = _inFlight!;
        }

        Ring = ring;
        _inFlight = ring?.InFlight;
        return fault;
    }

    internal void Close()
    {
        _left = Ring?.Position ?? _left;
        Base = Ring?.Next ?? Base;
        Ring = null;
        Memory?.LetGo();
        Memory = null;
    }

    /// <summary>Takes the guest's memory from the ring and who serves it. See <see cref="FileMapping.TryCutOff"/>.</summary>
    internal bool TryCutOff(ReadOnlySpan<IoVec> kept) => (Memory?.TryCutOff(kept) ?? true) & (_offered?.TryCutOff(kept) ?? true);

    /// <summary>Whether a chain is of the ring that is open, or of one that is closed and may go on where it was.</summary>
    internal bool Knows(RequestChain chain) => chain.InFlight is not null && chain.InFlight == _inFlight;

    /// <summary>Closes the ring, and forgets newer memory.</summary>
    internal void End()
    {
        Close();
        _offered?.LetGo();
        _offered = null;
    }
}
