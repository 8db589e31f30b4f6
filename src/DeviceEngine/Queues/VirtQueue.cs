using VirtioFs.DeviceEngine.Memory;
using VirtioFs.DeviceEngine.Rings;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// One virtqueue: what the front end has told of it, its ring, and the way back to the guest. The control thread changes it while its
/// worker rests; any thread completes requests.
/// </summary>
/// <remarks>
/// States (vhost-user: Ring states): stopped without a kick descriptor, started with the first kick. It is served while it is started,
/// enabled, wholly described and sound, in whatever order those come about.
/// </remarks>
internal sealed partial class VirtQueue
{
    private readonly QueueSurroundings _surroundings;
    private readonly object _gate = new();
    private readonly OpenedRing _opened = new();
    private QueueWorker? _worker;

    internal VirtQueue(QueueSurroundings surroundings, int index)
    {
        (_surroundings, Index) = (surroundings, index);
        Setup = new RingSetup(index);
        Away = new RequestsAway(_gate);
        Used = new UsedSide(surroundings, index, _gate, _opened, Setup);
    }

    /// <summary>0 is the high-priority queue.</summary>
    internal int Index { get; }

    /// <summary>What the front end has told.</summary>
    internal RingSetup Setup { get; }

    /// <summary>The way back to the guest.</summary>
    internal UsedSide Used { get; }

    /// <summary>What the worker has handed on.</summary>
    internal RequestsAway Away { get; }

    internal QueueCounters Counters => Used.Counters;

    /// <inheritdoc cref="UsedSide.Fault"/>
    internal string? Fault => Used.Fault;

    /// <inheritdoc cref="UsedSide.IsClosed"/>
    internal bool IsClosed => Used.IsClosed;

    /// <summary>How far both sides of the ring have come; the second is null while it is closed. From any thread.</summary>
    internal (ushort NextAvailable, ushort? NextUsed) Progress => _opened.Ring?.Position is { } position
        ? (position.Next, position.Used)
        : (_opened.Base, null);

    /// <summary>True when requests that wait for somebody else must come to an end: when all is over, too.</summary>
    internal bool InterruptsWaits => Away.Interrupts || IsClosed;

    /// <summary>False while the ring is at rest: then nothing of it may touch the guest's memory, and what waits has time.</summary>
    internal bool TakesUp => !Away.IsAtRest || InterruptsWaits;

    // What the front end tells. Control thread only.

    /// <summary>SET_FEATURES. A ring that is open goes on where it is.</summary>
    internal string? UseFeatures()
    {
        RingFeatures features = _surroundings.RingFeatures;
        return _opened.Ring is null || _opened.Ring.Features == features ? null : Reconfigure(() => Used.Agree(features), reopens: false);
    }

    /// <summary>SET_VRING_NUM.</summary>
    internal string? SetSize(uint size) =>
        Setup.DescribeFault(size, _surroundings.MaximumQueueSize) ?? Reconfigure(() => Setup.TakeSize((int)size), reopens: size != (uint)Setup.Size);

    /// <summary>SET_VRING_ADDR. On a running ring it may only say whether writes are logged.</summary>
    internal string? SetAddresses(RingAddresses addresses) => Setup.DescribeFault(addresses, _surroundings.Memory)
        ?? Reconfigure(() => Setup.Addresses = addresses, reopens: !Setup.IsSamePlace(addresses));

    /// <summary>SET_VRING_BASE.</summary>
    internal string? SetBase(uint next)
    {
        if (next > ushort.MaxValue)
        {
            return $"Ring {Index} cannot begin at entry {next}: a split ring counts in 16 bits.";
        }

        if (_opened.Ring is not null && Setup.IsEnabled && Setup.IsStarted && Fault is null)
        {
            return $"Ring {Index} is running; its base can be set while it is stopped or disabled.";
        }

        string? fault = Reconfigure(() => _opened.Base = (ushort)next, reopens: true);
        if (fault is null && !Setup.IsEnabled)
        {
            // Who never asks for a ring's base, as User-Mode Linux, resets a ring so; what was wrong with it is past.
            Used.Heal();
        }

        return fault;
    }

    /// <summary>SET_VRING_KICK. The queue owns the descriptor from here on; -1 asks for polling.</summary>
    internal string? SetKick(int descriptor) =>
        Setup.TryPrepareKick(ref descriptor) ?? Reconfigure(() => Setup.TakeKick(descriptor), reopens: false);

    /// <summary>
    /// SET_VRING_ENABLE. A disabled ring is left alone wholly: User-Mode Linux frees its memory after disabling it, and never asks for
    /// its base.
    /// </summary>
    internal string? SetEnabled(bool enabled)
    {
        string? fault = Reconfigure(() => Setup.IsEnabled = enabled, reopens: false);
        return fault ?? (enabled ? null : ComeToRest());
    }

    /// <summary>
    /// GET_VRING_BASE: stops the ring after all that it took has been answered, but for what waits for somebody else. A front end stops
    /// rings also when it pauses its machine, and programs in there go on to wait afterwards, as those on the host do.
    /// </summary>
    internal string? Stop(out ushort next)
    {
        string? fault = Reconfigure(Setup.Stop, reopens: false) ?? ComeToRest();
        next = _opened.Base;
        if (fault is not null)
        {
            return fault;
        }

        lock (_gate)
        {
            Setup.NoteUnserved(_opened.Ring is SplitRing ring && Fault is null && ring.CountAvailable() != 0);
            _opened.Close();
            next = _opened.Base;

            // Stopping is how the front end resets a ring.
            Used.Heal();
        }

        return null;
    }

    /// <summary>Forgets all that the front end told (vhost-user: RESET_DEVICE).</summary>
    internal string? Reset(bool enabled)
    {
        string? fault = Stop(out _);
        if (fault is not null)
        {
            return fault;
        }

        Used.EndSignals();
        lock (_gate)
        {
            Setup.Forget(enabled);
            _opened.Base = 0;
        }

        _surroundings.Deferred.DropLaidAside(this);
        return null;
    }

    /// <summary>Tells the queue of a new table of memory, and waits a little until its worker has let go of the old one.</summary>
    internal void OfferMemory(GuestMemory memory)
    {
        const int PatienceMilliseconds = 200;
        lock (_gate)
        {
            if (_opened.Ring is null)
            {
                return;
            }

            _opened.Offer(memory);
        }

        if (_worker is null || _worker.Turn.IsResting)
        {
            TakeOfferedMemory();
            return;
        }

        _worker.Turn.Interrupt();
        lock (_gate)
        {
            if (_opened.HasOffer)
            {
                // A worker inside of a slow request adopts the table before it looks at the next one.
                _ = Monitor.Wait(_gate, PatienceMilliseconds);
            }
        }
    }

    /// <summary>Ends all work: the worker is told to go, and what is still under way will not be answered.</summary>
    internal void BeginClose()
    {
        Used.Close(Away);
        _worker?.Turn.BeginEnd();
    }

    /// <summary>Waits for the end of all work; false when some is stuck in a system call. Then call again.</summary>
    internal bool TryClose(TimeSpan patience)
    {
        long deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        if (_worker?.Turn.TryAwaitEnd(this, deadline) == false || !Away.TryAwaitAll(deadline))
        {
            return false;
        }

        lock (_gate)
        {
            _opened.End();
            Setup.CloseKick();
        }

        Used.EndSignals();
        return true;
    }

    /// <summary>Takes the guest's memory from what is still under way, after <see cref="BeginClose"/>. See <see cref="FileMapping.TryCutOff"/>.</summary>
    /// <param name="kept">What is still read of it, see <see cref="AddPieces"/>.</param>
    internal bool TryCutOff(ReadOnlySpan<IoVec> kept)
    {
        lock (_gate)
        {
            return Away.TryCutOff(kept) & _opened.TryCutOff(kept);
        }
    }

    // The worker's side.

    /// <summary>The worker's alone while it serves; null when there is nothing to serve.</summary>
    internal SplitRing? Ring => _opened.Ring;

    /// <inheritdoc cref="OpenedRing.Memory"/>
    internal GuestMemory? Memory => _opened.Memory;

    /// <summary>True when new memory waits for <see cref="TakeOfferedMemory"/>.</summary>
    internal bool HasOfferedMemory => _opened.HasOffer;

    /// <summary>Whether the worker has something to serve.</summary>
    internal bool CanServe => _opened.Ring is not null && Setup.IsEnabled && Setup.HasKick && Fault is null && !IsClosed;

    /// <summary>Takes the newest table of memory into use. Worker only, between two requests.</summary>
    internal void TakeOfferedMemory()
    {
        string? fault;
        lock (_gate)
        {
            fault = _opened.Adopt();
            Monitor.PulseAll(_gate);
        }

        if (fault is not null)
        {
            Used.Fail(fault);
        }
    }

    /// <summary>A request leaves the worker; <see cref="CompleteDeferred"/> ends it.</summary>
    internal void Defer(RequestChain chain)
    {
        Counters.DeferredRequests++;
        Leave(chain);
    }

    /// <summary>As <see cref="Defer"/>, for a request whose thread is left behind with it.</summary>
    internal void Leave(RequestChain chain)
    {
        chain.Leave(_opened.Memory!, _opened.Ring!.InFlight);
        Away.Add(chain);
    }

    /// <summary>Gives one chain back that the worker had deferred.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="written">Bytes of the answer; null when there is none, since the session is over.</param>
    internal void CompleteDeferred(RequestChain chain, uint? written) => Used.Complete(chain, written, Away);
}
