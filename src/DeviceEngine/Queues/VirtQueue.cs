using VirtioFs.DeviceEngine.Memory;
using VirtioFs.DeviceEngine.Rings;
using VirtioFs.DeviceEngine.VhostUser;
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
internal sealed class VirtQueue
{
    private const int MostSpareChains = 128;

    private readonly Device _device;
    private readonly object _gate = new();
    private readonly Stack<RequestChain> _spareChains = new();
    private QueueWorker? _worker;
    private RingAddresses? _addresses;
    private GuestMemory? _memory;
    private GuestMemory? _offeredMemory;
    private SplitRing? _ring;
    private HeadsInFlight? _inFlight;
    private bool _isSizeOld;
    private ushort _base;
    private FrontEndSignal? _call;
    private FrontEndSignal? _error;
    private int _deferred;
    private int _laidAside;
    private RingPosition _left;
    private bool _hasUnserved;
    private volatile bool _atRest;
    private volatile bool _interruptsWaits;
    private string? _fault;
    private volatile bool _closed;

    internal VirtQueue(Device device, int index) => (_device, Index) = (device, index);

    /// <summary>0 is the high-priority queue.</summary>
    internal int Index { get; }

    /// <summary>Entries; 0 before the front end has said.</summary>
    internal int Size { get; private set; }

    internal bool IsEnabled { get; private set; }

    /// <summary>Whether the guest has kicked, or is to be polled.</summary>
    internal bool IsStarted { get; set; }

    /// <summary>The descriptor that the guest kicks by, or -1.</summary>
    internal int Kick { get; private set; } = -1;

    /// <summary>True when the guest does not kick.</summary>
    internal bool NeedsPolling { get; private set; }

    internal QueueCounters Counters { get; } = new();

    /// <summary>Why the ring was stopped for good, as a sentence; null when it is sound.</summary>
    internal string? Fault => Volatile.Read(ref _fault);

    /// <summary>True when the session is over, and answers are of no use.</summary>
    internal bool IsClosed => _closed;

    /// <summary>
    /// True when requests that wait for somebody else must come to an end: when all is over, and while the ring comes to rest for the
    /// guest's memory to be moved to another host, where they would be lost, and their programs wait for ever.
    /// </summary>
    internal bool InterruptsWaits => _interruptsWaits || _closed;

    /// <summary>False while the ring is at rest: then nothing of it may touch the guest's memory, and what waits has time.</summary>
    internal bool TakesUp => !_atRest || InterruptsWaits;

    /// <summary>The worker's alone while it serves; null when there is nothing to serve.</summary>
    internal SplitRing? Ring => _ring;

    /// <summary>The memory that <see cref="Ring"/> lies in, held by this queue.</summary>
    internal GuestMemory? Memory => _memory;

    /// <summary>True when new memory waits for <see cref="TakeOfferedMemory"/>.</summary>
    internal bool HasOfferedMemory => Volatile.Read(ref _offeredMemory) is not null;

    /// <summary>Whether the worker has something to serve.</summary>
    internal bool CanServe => _ring is not null && IsEnabled && (Kick >= 0 || NeedsPolling) && Fault is null && !_closed;

    private bool IsDescribed => Size > 0 && _addresses is not null;

    // ------------------------------------------------------------------ what the front end tells (control thread)

    /// <summary>SET_FEATURES. A ring that is open goes on where it is.</summary>
    internal string? UseFeatures()
    {
        RingFeatures features = _device.RingFeatures;
        return _ring is null || _ring.Features == features
            ? null
            : Reconfigure(
                () =>
                {
                    _ring?.Agree(features);
                    MarkUsed(0, sizeof(ushort));
                },
                reopens: false);
    }

    /// <summary>SET_VRING_NUM.</summary>
    internal string? SetSize(uint size)
    {
        if (size == 0 || size > (uint)_device.MaximumQueueSize || !uint.IsPow2(size))
        {
            return $"Ring {Index} cannot have {size} entries: it takes a power of two up to {_device.MaximumQueueSize}.";
        }

        _isSizeOld = false;
        return Reconfigure(() => Size = (int)size, reopens: size != (uint)Size);
    }

    /// <summary>SET_VRING_ADDR. On a running ring it may only say whether writes are logged.</summary>
    internal string? SetAddresses(RingAddresses addresses)
    {
        if (Size > 0 && !_isSizeOld && !_device.Memory.Regions.IsEmpty)
        {
            string? fault = SplitRing.DescribeFault(_device.Memory, addresses, Size);
            if (fault is not null)
            {
                return $"Ring {Index}: {fault}";
            }
        }

        bool samePlace = _addresses is RingAddresses old
            && (old.Descriptors, old.Available, old.Used) == (addresses.Descriptors, addresses.Available, addresses.Used);
        return Reconfigure(() => _addresses = addresses, reopens: !samePlace);
    }

    /// <summary>SET_VRING_BASE.</summary>
    internal string? SetBase(uint next)
    {
        if (next > ushort.MaxValue)
        {
            return $"Ring {Index} cannot begin at entry {next}: a split ring counts in 16 bits.";
        }

        if (_ring is not null && IsEnabled && IsStarted && Fault is null)
        {
            return $"Ring {Index} is running; its base can be set while it is stopped or disabled.";
        }

        return Reconfigure(
            () =>
            {
                _base = (ushort)next;

                // Who never asks for a ring's base, as User-Mode Linux, resets a ring so; what was wrong with it is past.
                _fault = IsEnabled ? _fault : null;
            },
            reopens: true);
    }

    /// <summary>SET_VRING_KICK. The queue owns the descriptor from here on; -1 asks for polling.</summary>
    internal string? SetKick(int descriptor)
    {
        string? fault = descriptor < 0 ? null : FrontEndDescriptor.TryPrepare(ref descriptor, forWriting: false, out _);
        if (fault is not null)
        {
            FileDescriptor.Close(descriptor);
            return $"The kick descriptor of ring {Index} {fault}.";
        }

        return Reconfigure(
            () =>
            {
                FileDescriptor.Close(Kick);
                Kick = descriptor;
                NeedsPolling = descriptor < 0;
                IsStarted |= NeedsPolling || _hasUnserved;
                _hasUnserved = false;
            },
            reopens: false);
    }

    /// <summary>SET_VRING_CALL. The queue owns the descriptor from here on; -1 when the guest polls. Null, or what is wrong, as a sentence.</summary>
    internal string? SetCall(int descriptor) => SetSignal(ref _call, descriptor, "call");

    /// <summary>SET_VRING_ERR. The queue owns the descriptor from here on; -1 for none. Null, or what is wrong, as a sentence.</summary>
    internal string? SetError(int descriptor) => SetSignal(ref _error, descriptor, "error");

    /// <summary>Gets out who is stuck in telling the front end something, since it made its descriptor block. Control thread only.</summary>
    internal void ReleaseSenders()
    {
        _call?.Release();
        _error?.Release();
    }

    /// <summary>
    /// SET_VRING_ENABLE. A disabled ring is left alone wholly: User-Mode Linux frees its memory after disabling it, and never asks for
    /// its base.
    /// </summary>
    internal string? SetEnabled(bool enabled)
    {
        string? fault = Reconfigure(() => IsEnabled = enabled, reopens: false);
        return fault ?? (enabled ? null : ComeToRest());
    }

    /// <summary>
    /// GET_VRING_BASE: stops the ring after all that it took has been answered, but for what waits for somebody else. A front end stops
    /// rings also when it pauses its machine, and programs in there go on to wait afterwards, as those on the host do.
    /// </summary>
    internal string? Stop(out ushort next)
    {
        string? fault = Reconfigure(
            () =>
            {
                FileDescriptor.Close(Kick);
                (Kick, NeedsPolling, IsStarted) = (-1, false, false);
            },
            reopens: false);
        fault ??= ComeToRest();
        next = _base;
        if (fault is not null)
        {
            return fault;
        }

        lock (_gate)
        {
            // The guest kicked for these long ago, or was told not to; the ring starts with them when it starts again.
            _hasUnserved = _ring is not null && Fault is null && _ring.CountAvailable() != 0;
            CloseRing();
            next = _base;

            // Stopping is how the front end resets a ring; what was wrong with it is past, and the next driver may want another size.
            _fault = null;
            _isSizeOld = true;
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

        EndSignals();
        lock (_gate)
        {
            (Size, _addresses, _base, IsEnabled, _hasUnserved) = (0, null, 0, enabled, false);
        }

        _device.Deferred.DropLaidAside(this);
        return null;
    }

    /// <summary>Tells the queue of a new table of memory, and waits a little until its worker has let go of the old one.</summary>
    internal void OfferMemory(GuestMemory memory)
    {
        const int PatienceMilliseconds = 200;
        lock (_gate)
        {
            if (_ring is null)
            {
                return;
            }

            _offeredMemory?.LetGo();
            _offeredMemory = memory.Hold();
        }

        if (_worker is null || _worker.Turn.IsResting)
        {
            TakeOfferedMemory();
            return;
        }

        _worker.Turn.Interrupt();
        lock (_gate)
        {
            if (_offeredMemory is not null)
            {
                // A worker inside of a slow request adopts the table before it looks at the next one.
                _ = Monitor.Wait(_gate, PatienceMilliseconds);
            }
        }
    }

    /// <summary>Ends all work: the worker is told to go, and what is still under way will not be answered.</summary>
    internal void BeginClose()
    {
        _closed = true;
        _worker?.Turn.BeginEnd();
    }

    /// <summary>Waits for the end of all work; false when some is stuck in a system call. Then call again.</summary>
    internal bool TryClose(TimeSpan patience)
    {
        long deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        const int LookAroundMilliseconds = 20;
        while (_worker is not null && !_worker.Turn.TryAwaitEnd(TimeSpan.FromMilliseconds(LookAroundMilliseconds)))
        {
            ReleaseSenders();
            if (Environment.TickCount64 >= deadline)
            {
                return false;
            }
        }

        lock (_gate)
        {
            while (_deferred > 0)
            {
                long left = deadline - Environment.TickCount64;
                if (left <= 0)
                {
                    return false;
                }

                _ = Monitor.Wait(_gate, (int)left);
            }

            LetGoOfEverything();
        }

        EndSignals();
        return true;
    }

    internal ShareGuestQueue Describe() => new(Index, Size, IsEnabled, IsStarted, Fault);

    // ------------------------------------------------------------------ the worker's side

    /// <summary>Takes the newest table of memory into use. Worker only, between two requests.</summary>
    internal void TakeOfferedMemory()
    {
        lock (_gate)
        {
            AdoptMemory();
        }
    }

    /// <summary>An empty chain, of those that were used before if there is one.</summary>
    internal RequestChain TakeSpareChain()
    {
        lock (_gate)
        {
            return _spareChains.TryPop(out RequestChain? chain) ? chain : new RequestChain();
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
        chain.Leave(_memory!, _ring!.InFlight);
        lock (_gate)
        {
            _deferred++;
        }
    }

    /// <summary>Gives chains back to the guest at once, with at most one notification.</summary>
    internal void Complete(ReadOnlySpan<UsedElement> chains)
    {
        FrontEndSignal? call;
        lock (_gate)
        {
            call = Publish(chains);
        }

        Tell(call);
    }

    /// <summary>Gives one chain back that the worker had deferred.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="written">Bytes of the answer; null when there is none, since the session is over.</param>
    internal void CompleteDeferred(RequestChain chain, uint? written)
    {
        if (written is uint length)
        {
            MarkReply(chain, length);
        }

        FrontEndSignal? call = null;
        lock (_gate)
        {
            // A ring that was begun anew meanwhile knows nothing of the chain.
            if (written is uint answered && !_closed && chain.InFlight == _ring?.InFlight)
            {
                call = Publish([new UsedElement(chain.Head, answered)]);
            }

            chain.Return();
            if (_spareChains.Count < MostSpareChains && chain.Weight <= RequestChain.LargestSpareWeight)
            {
                _spareChains.Push(chain);
            }

            _deferred--;
            Monitor.PulseAll(_gate);
        }

        Tell(call);
    }

    /// <summary>Counts deferred requests that wait for somebody else, and touch nothing.</summary>
    internal void NoteLaidAside(int change)
    {
        lock (_gate)
        {
            _laidAside += change;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Marks an answer in the dirty log, while there is one.</summary>
    internal void MarkReply(RequestChain chain, uint written)
    {
        if (_device.TryHoldLog(out DirtyLog? log))
        {
            log.Mark(chain.Reply, chain.ReplyGuestAddresses, written);
            log.LetGo();
        }
    }

    /// <summary>See <see cref="SplitRing.DeclineKicks"/>.</summary>
    internal void DeclineKicks()
    {
        _ring!.DeclineKicks();
        MarkUsed(0, sizeof(ushort));
    }

    /// <summary>See <see cref="SplitRing.TryAskForKick"/>. False also when there is no ring any more.</summary>
    internal bool TryAskForKick()
    {
        if (_ring is not SplitRing ring || Fault is not null)
        {
            return false;
        }

        bool dry = ring.TryAskForKick();
        MarkUsed(0, sizeof(ushort));
        MarkUsed(ring.AvailableEventOffset, sizeof(ushort));
        return dry;
    }

    /// <summary>
    /// Stops the ring for good, since its content cannot be trusted. The front end hears of it through the error descriptor and the
    /// device's status; a reset heals it (virtio 1.2 §2.1.2).
    /// </summary>
    internal void Fail(string reason)
    {
        FrontEndSignal? error;
        lock (_gate)
        {
            if (_fault is not null || _closed)
            {
                return;
            }

            Volatile.Write(ref _fault, $"Ring {Index} was stopped. {reason}");
            error = _error?.Hold();
        }

        _device.NoteRingFault(_fault);
        error?.Send();
        error?.LetGo();
    }

    // ------------------------------------------------------------------

    /// <summary>Changes something while the worker rests, and lets it go on if it can. Null, or why that was not possible, as a sentence.</summary>
    private string? Reconfigure(Action change, bool reopens)
    {
        if (_worker is not null && !_worker.Turn.TryPause(this, _device.IsAbandoned))
        {
            return $"Ring {Index} did not come to rest before the session ended.";
        }

        lock (_gate)
        {
            if (reopens)
            {
                CloseRing();
            }

            change();
        }

        Resume();
        return null;
    }

    private void Resume()
    {
        if (_ring is null && IsDescribed && IsEnabled && (Kick >= 0 || NeedsPolling) && Fault is null && !_closed)
        {
            OpenRing();
        }

        if (CanServe)
        {
            EndRest();
            _worker ??= _device.StartWorker(this);
            _worker.Turn.Resume();
        }
    }

    private void OpenRing()
    {
        string? fault;
        bool goesOn;
        lock (_gate)
        {
            _offeredMemory?.LetGo();
            _offeredMemory = _device.Memory.Hold();
            AdoptMemory();
            fault = SplitRing.TryOpen(_memory!, _addresses!.Value, Size, _base, _device.RingFeatures, out _ring);
            goesOn = _ring is not null && _ring.Position == _left;
            if (goesOn)
            {
                _ring!.InFlight = _inFlight!;
            }

            _inFlight = _ring?.InFlight;
        }

        if (fault is not null)
        {
            Fail(fault);
        }
        else if (!goesOn)
        {
            _device.Deferred.DropLaidAside(this);
        }
    }

    private void CloseRing()
    {
        _left = _ring?.Position ?? _left;
        _base = _ring?.Next ?? _base;
        _ring = null;
        _memory?.LetGo();
        _memory = null;
    }

    private void AdoptMemory()
    {
        GuestMemory? memory = _offeredMemory;
        if (memory is null)
        {
            return;
        }

        GuestMemory? old = _memory;
        _memory = memory;
        Volatile.Write(ref _offeredMemory, null);
        string? fault = _ring?.TryMove(memory);
        if (fault is not null)
        {
            CloseRing();
            Fail(fault);
        }

        old?.LetGo();
        Monitor.PulseAll(_gate);
    }

    /// <summary>Puts chains into the used ring. Whom to tell when the lock is left, held for that; null for nobody.</summary>
    private FrontEndSignal? Publish(ReadOnlySpan<UsedElement> chains)
    {
        if (_ring is not SplitRing ring || Fault is not null)
        {
            return null;
        }

        foreach (UsedElement chain in chains)
        {
            ring.InFlight.GiveBack((int)chain.Head);
            ulong offset = ring.PutUsed((ushort)chain.Head, chain.Written);
            MarkUsed(offset, 8);
            Counters.Requests++;
            Counters.ReplyBytes += chain.Written;
        }

        ring.PublishUsed();
        MarkUsed(0, 4);
        if (!ring.MustNotify(chains.Length) || _call is not FrontEndSignal call)
        {
            return null;
        }

        Counters.Calls++;
        return call.Hold();
    }

    /// <summary>Tells the front end of used entries, without any lock: it may have made its descriptor block.</summary>
    private void Tell(FrontEndSignal? call)
    {
        if (call is null)
        {
            return;
        }

        call.Send();
        call.LetGo();
        if (call.WasStuck)
        {
            Fail("Its call descriptor blocks who signals it: the front end has filled it, and made it wait for room.");
        }
    }

    private string? SetSignal(ref FrontEndSignal? place, int descriptor, string name)
    {
        FrontEndSignal? signal = null;
        string? fault = descriptor < 0 ? null : FrontEndSignal.TryAdopt(ref descriptor, out signal);
        if (fault is not null)
        {
            FileDescriptor.Close(descriptor);
            return $"The {name} descriptor of ring {Index} {fault}.";
        }

        FrontEndSignal? former = place;
        lock (_gate)
        {
            place = signal;
        }

        former?.End();
        return null;
    }

    private void EndSignals()
    {
        _ = SetCall(-1);
        _ = SetError(-1);
    }

    private void MarkUsed(ulong offset, ulong length)
    {
        if (_addresses is not RingAddresses addresses || (addresses.Flags & RingAddresses.LogUsedRing) == 0)
        {
            return;
        }

        if (_device.TryHoldLog(out DirtyLog? log))
        {
            log.Mark(addresses.Log + offset, length);
            log.LetGo();
        }
    }

    private string? ComeToRest()
    {
        const int LookAroundMilliseconds = 20;
        _atRest = true;
        _interruptsWaits = _device.IsLogging;
        if (_interruptsWaits)
        {
            _device.Deferred.Retry();
        }

        lock (_gate)
        {
            while (_deferred > _laidAside)
            {
                if (Monitor.Wait(_gate, LookAroundMilliseconds))
                {
                    continue;
                }

                ReleaseSenders();
                if (_device.IsAbandoned())
                {
                    return $"Ring {Index} still had {_deferred} requests under way when the session ended.";
                }
            }
        }

        // Whatever is logged from here on: a ring at rest has no way to give an answer back.
        _interruptsWaits = false;
        return null;
    }

    private void EndRest()
    {
        if (_atRest)
        {
            _atRest = false;
            _device.Deferred.Retry();
        }
    }

    private void LetGoOfEverything()
    {
        CloseRing();
        _offeredMemory?.LetGo();
        _offeredMemory = null;
        FileDescriptor.Close(Kick);
        Kick = -1;
    }
}
