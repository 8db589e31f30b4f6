using VirtioFs.DeviceEngine.Descriptors;
using VirtioFs.DeviceEngine.Memory;
using VirtioFs.DeviceEngine.Rings;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// The way back to the guest: used entries are put in and shown under the queue's lock, by whichever thread; what was written is logged
/// while the guest's memory is on its way to another host; and the front end is told, without any lock.
/// </summary>
internal sealed class UsedSide(QueueSurroundings surroundings, int index, object gate, OpenedRing opened, RingSetup setup)
{
    private FrontEndSignal? _call;
    private FrontEndSignal? _error;
    private string? _fault;
    private volatile bool _isClosed;

    internal QueueCounters Counters { get; } = new();

    /// <summary>Why the ring was stopped for good, as a sentence; null when it is sound.</summary>
    internal string? Fault => Volatile.Read(ref _fault);

    /// <summary>True when the session is over, and answers are of no use.</summary>
    internal bool IsClosed => _isClosed;

    /// <summary>Gives chains back to the guest at once, with at most one notification.</summary>
    internal void Complete(ReadOnlySpan<UsedElement> chains)
    {
        FrontEndSignal? call;
        lock (gate)
        {
            call = Publish(chains);
        }

        Tell(call);
    }

    /// <summary>Gives one chain back that had left the worker.</summary>
    internal void Complete(RequestChain chain, uint? written, RequestsAway away)
    {
        if (written is uint length)
        {
            MarkReply(chain, length);
        }

        FrontEndSignal? call = null;
        lock (gate)
        {
            if (chain.ParkedFor is not null && written is not null && !_isClosed && opened.Knows(chain))
            {
                chain.ParkedAnswer = written;
                call = away.IsAtRest || opened.Ring is null ? null : BringHome(chain, away);
            }
            else
            {
                // A ring that was begun anew meanwhile knows nothing of the chain.
                call = chain.ParkedFor is null && written is uint answered && !_isClosed && chain.InFlight == opened.Ring?.InFlight
                    ? Publish([new UsedElement(chain.Head, answered)])
                    : null;
                away.Remove(chain);
            }
        }

        Tell(call);
    }

    /// <summary>Gives the answers back that came for parked chains while the ring was at rest; those of a ring that was begun anew are dropped.</summary>
    internal void BringHome(RequestsAway away)
    {
        List<FrontEndSignal> calls = [];
        lock (gate)
        {
            foreach (RequestChain chain in away.ListParkedAnswers())
            {
                if (!opened.Knows(chain))
                {
                    away.Remove(chain);
                }
                else if (opened.Ring is not null && BringHome(chain, away) is FrontEndSignal call)
                {
                    calls.Add(call);
                }
            }
        }

        calls.ForEach(Tell);
    }

    /// <summary>Marks an answer in the dirty log, while there is one.</summary>
    internal void MarkReply(RequestChain chain, uint written)
    {
        if (surroundings.TryHoldLog(out DirtyLog? log))
        {
            log.Mark(chain.Reply, chain.ReplyGuestAddresses, written);
            log.LetGo();
        }
    }

    /// <summary>Marks a part of the used ring in the dirty log, while there is one and the front end wants that.</summary>
    internal void MarkUsed(ulong offset, ulong length)
    {
        if (setup.Addresses is not RingAddresses addresses || (addresses.Flags & RingAddresses.LogUsedRing) == 0)
        {
            return;
        }

        if (surroundings.TryHoldLog(out DirtyLog? log))
        {
            log.Mark(addresses.Log + offset, length);
            log.LetGo();
        }
    }

    /// <summary>See <see cref="SplitRing.Agree"/>.</summary>
    internal void Agree(RingFeatures features)
    {
        opened.Ring?.Agree(features);
        MarkUsed(0, sizeof(ushort));
    }

    /// <summary>See <see cref="SplitRing.DeclineKicks"/>.</summary>
    internal void DeclineKicks()
    {
        opened.Ring!.DeclineKicks();
        MarkUsed(0, sizeof(ushort));
    }

    /// <summary>See <see cref="SplitRing.TryAskForKick"/>. False also when there is no ring any more.</summary>
    internal bool TryAskForKick()
    {
        if (opened.Ring is not SplitRing ring || Fault is not null)
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
        lock (gate)
        {
            if (_fault is not null || _isClosed)
            {
                return;
            }

            Volatile.Write(ref _fault, $"Ring {index} was stopped. {reason}");
            error = _error?.Hold();
        }

        surroundings.NoteRingFault(_fault);
        error?.Send();
        error?.LetGo();
    }

    /// <summary>What was wrong is past.</summary>
    internal void Heal() => Volatile.Write(ref _fault, null);

    /// <summary>Nothing is given back from here on, and what waited for the ring to go on is forgotten.</summary>
    internal void Close(RequestsAway away)
    {
        _isClosed = true;
        lock (gate)
        {
            Array.ForEach(away.ListParkedAnswers(), away.Remove);
        }
    }

    /// <summary>Takes over the descriptor that says that entries are used; -1 when the guest polls. Null, or what is wrong, as a sentence.</summary>
    internal string? SetCall(int descriptor) => SetSignal(ref _call, descriptor, "call");

    /// <summary>Takes over the descriptor that says that the ring is broken; -1 for none. Null, or what is wrong, as a sentence.</summary>
    internal string? SetError(int descriptor) => SetSignal(ref _error, descriptor, "error");

    /// <summary>Gets out who is stuck in telling the front end something, since it made its descriptor block. Control thread only.</summary>
    internal void ReleaseSenders()
    {
        _call?.Release();
        _error?.Release();
    }

    internal void EndSignals()
    {
        _ = SetCall(-1);
        _ = SetError(-1);
    }

    private FrontEndSignal? BringHome(RequestChain chain, RequestsAway away)
    {
        uint written = chain.ParkedAnswer!.Value;
        FrontEndSignal? call = null;
        if (chain.TryBringHome(written))
        {
            MarkReply(chain, written);
            call = Publish([new UsedElement(chain.Head, written)]);
        }

        away.Remove(chain);
        return call;
    }

    /// <summary>Puts chains into the used ring. Whom to tell when the lock is left, held for that; null for nobody.</summary>
    private FrontEndSignal? Publish(ReadOnlySpan<UsedElement> chains)
    {
        if (opened.Ring is not SplitRing ring || Fault is not null)
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
            DescriptorDisposal.Close(descriptor);
            return $"The {name} descriptor of ring {index} {fault}.";
        }

        FrontEndSignal? former = place;
        lock (gate)
        {
            place = signal;
        }

        former?.End();
        return null;
    }
}
