using System.Diagnostics;
using VirtioFs.DeviceEngine.Memory;
using VirtioFs.DeviceEngine.Rings;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Server;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// Serves one ring: takes all that waits, answers what is quick, gives it back at once, watches the dry ring for a short while, and sleeps
/// until the guest kicks. One thread at a time does this, and all here is its own, until it loses its turn in the middle of a host call.
/// </summary>
internal sealed class QueueWorker
{
    private const int BatchSize = 64;

    // A host call that lasts this long gives the ring away when somebody waits, and in any case after the longer time.
    private static readonly TimeSpan s_slow = TimeSpan.FromMilliseconds(0.9);

    // One that works all the while, as a long listing does, looks the same as one that waits for a processor, whom no stand-in would help.
    private static readonly TimeSpan s_slowWork = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_long = TimeSpan.FromMilliseconds(30);

    // Completed requests are not kept from the guest for longer than this while others are being answered.
    private static readonly long s_batchTicks = Stopwatch.Frequency / 20_000;

    private readonly VirtQueue _queue;
    private readonly DeferredRequests _deferred;
    private readonly RingSleep _sleep;
    private readonly UsedElement[] _done = new UsedElement[BatchSize];
    private readonly ChainReader _reader = new();
    private int _doneCount;
    private long _doneSince;

    internal QueueWorker(QueueSurroundings surroundings, VirtQueue queue, string name)
    {
        (_queue, _deferred, Threads) = (queue, surroundings.Deferred, surroundings.Threads);
        _sleep = new RingSleep(queue, Turn, surroundings.PollMicroseconds);
        Threads.Start(this, name);
    }

    /// <summary>Whose turn it is.</summary>
    internal RingTurn Turn { get; } = new();

    /// <summary>Where those come from that stand in.</summary>
    internal ServingThreads Threads { get; }

    private bool MustLookUp => Turn.IsWanted || _queue.HasOfferedMemory;

    /// <summary>Serves the ring with the calling thread. True when the thread lost its turn, false at the ring's end.</summary>
    internal bool Serve(RingThread thread, FuseWorker fuse)
    {
        try
        {
            // What the former thread had finished when it was stuck, and had asked of the guest.
            Flush();
            _ = _queue.Used.TryAskForKick();
            while (TryRest())
            {
                if (!TryServe(thread, fuse))
                {
                    return true;
                }

                Flush();

                // Whoever takes the ring up after a rest hears of the guest's next request only if the guest kicks for it.
                _ = _queue.Used.TryAskForKick();
            }

            return false;
        }
        finally
        {
            Turn.End(thread);
        }
    }

    /// <summary>Gives the ring to another thread if the one that serves it is held up. Called by the watch.</summary>
    internal bool TryHandOver(RingThread from, long sequence, TimeSpan inside)
    {
        if (inside < s_slow || (inside < s_slowWork && from.IsRunnable) || !Turn.TryHandOver(from, sequence, this, inside >= s_long, out RingThread? standIn))
        {
            return false;
        }

        Threads.Give(standIn!, this);
        return true;
    }

    /// <summary>Whether something waits for the thread that serves the ring. It is inside of a call, and stays there meanwhile.</summary>
    internal bool HoldsUp() => _doneCount > 0 || MustLookUp || _queue.Ring?.CountAvailable() != 0;

    /// <summary>Makes the request that a thread is stuck in independent of the ring. The thread stays inside of its call meanwhile.</summary>
    internal void LeaveBehind(RingThread thread)
    {
        _queue.Counters.HandOvers++;
        _queue.Leave(thread.Chain);
    }

    private bool TryRest()
    {
        if (_queue.HasOfferedMemory)
        {
            _queue.TakeOfferedMemory();
        }

        return Turn.TryRest(_queue);
    }

    /// <summary>Serves until something else is to be done. False when the thread has lost its turn.</summary>
    private bool TryServe(RingThread thread, FuseWorker fuse)
    {
        if (!_queue.Setup.IsStarted && !_sleep.TryAwaitFirstKick())
        {
            return true;
        }

        _queue.Used.DeclineKicks();
        while (!MustLookUp)
        {
            if (!TryDrain(thread, fuse, out bool isBroken))
            {
                return false;
            }

            if (isBroken || !_sleep.TryAwaitRequest())
            {
                return true;
            }
        }

        return true;
    }

    /// <summary>Answers until nothing waits, or something else is to be done. False when the thread has lost its turn.</summary>
    private bool TryDrain(RingThread thread, FuseWorker fuse, out bool isBroken)
    {
        SplitRing ring = _queue.Ring!;
        GuestMemory memory = _queue.Memory!;
        isBroken = false;
        while (!MustLookUp)
        {
            int waiting = ring.CountAvailable();
            if (waiting == 0)
            {
                break;
            }

            if (ring.IsLost)
            {
                isBroken = true;
                return Break("Its memory is gone: the front end has made the file shorter that it lies in.");
            }

            if (waiting > ring.Size)
            {
                isBroken = true;
                return Break($"The driver says that {waiting} chains wait in a ring of {ring.Size}.");
            }

            while (waiting-- > 0 && !MustLookUp)
            {
                string? fault = _reader.TryTake(ring, memory, ring.TakeHead(), thread.Chain);
                if (fault is not null)
                {
                    isBroken = true;
                    return Break(fault);
                }

                if (!TryAnswer(thread, fuse, ring, isLast: waiting == 0))
                {
                    return false;
                }
            }
        }

        Flush();
        return true;
    }

    /// <summary>Answers or defers a request. False when the thread has lost its turn over it.</summary>
    private bool TryAnswer(RingThread thread, FuseWorker fuse, SplitRing ring, bool isLast)
    {
        RequestChain chain = thread.Chain;
        _queue.Counters.RequestBytes += (long)chain.RequestLength;
        if (chain.IsUnreachable)
        {
            _queue.Counters.RefusedRequests++;
            Finish(chain, fuse.Refuse(chain.Exchange, Errno.EFAULT));
            return true;
        }

        // What is finished already must not wait for a request that blocks.
        bool alone = isLast && ring.CountAvailable() == 0;
        Patience patience = alone && _doneCount == 0 ? Patience.Brief : Patience.None;
        if (!TryCall(thread, fuse, patience, out FuseOutcome outcome, out uint written))
        {
            return false;
        }

        if (outcome == FuseOutcome.Answered)
        {
            Finish(chain, written);
            return true;
        }

        // Who waits for a lock begins to wait in the order of the ring, and by what is kept of its request.
        chain.KeepRequest(fuse.Header, fuse.Unique);
        bool isAlone = alone && _doneCount > 0 && ring.CountAvailable() == 0;
        return TryAnswerAgain(thread, fuse, outcome != FuseOutcome.WouldBlock ? Patience.Long : isAlone ? Patience.Brief : Patience.None);
    }

    private bool TryAnswerAgain(RingThread thread, FuseWorker fuse, Patience patience)
    {
        RequestChain chain = thread.Chain;
        FuseOutcome outcome = FuseOutcome.WouldBlock;
        if (patience != Patience.None)
        {
            Flush();
            if (!TryCall(thread, fuse, patience, out outcome, out uint written))
            {
                return false;
            }

            if (outcome == FuseOutcome.Answered)
            {
                Finish(chain, written);
                return true;
            }
        }

        if (_deferred.TryAdd(_queue, chain))
        {
            thread.Chain = _queue.Away.TakeSpareChain();
            return true;
        }

        // As many are deferred as may be: this ring waits, until its thread comes back or another one takes it over.
        Flush();
        if (!TryCall(thread, fuse, Patience.Long, out outcome, out uint answered))
        {
            return false;
        }

        Finish(chain, outcome == FuseOutcome.Answered ? answered : fuse.Refuse(chain.Exchange, Errno.ENOLCK));
        return true;
    }

    /// <summary>
    /// Gives a request to the file system. False when the thread lost its turn inside: then the request is finished here, and all else of
    /// this object is another thread's.
    /// </summary>
    private bool TryCall(RingThread thread, FuseWorker fuse, Patience patience, out FuseOutcome outcome, out uint written)
    {
        RequestChain chain = thread.Chain;
        thread.Mark.Enter();
        try
        {
            outcome = fuse.Answer(chain.Exchange, patience, out written);
        }
        catch when (!Turn.TryLeaveCall(thread))
        {
            _queue.CompleteDeferred(chain, null);
            throw;
        }

        if (Turn.TryLeaveCall(thread))
        {
            return true;
        }

        thread.Chain = new RequestChain();
        if (outcome != FuseOutcome.Answered)
        {
            chain.KeepRequest(fuse.Header, fuse.Unique);
            _deferred.AddLeftBehind(fuse, _queue, chain);
            return false;
        }

        _queue.CompleteDeferred(chain, written);
        return false;
    }

    private void Finish(RequestChain chain, uint written)
    {
        _queue.Used.MarkReply(chain, written);
        long now = Stopwatch.GetTimestamp();
        _doneSince = _doneCount == 0 ? now : _doneSince;
        _done[_doneCount++] = new UsedElement(chain.Head, written);
        if (_doneCount == BatchSize || now - _doneSince > s_batchTicks)
        {
            Flush();
        }
    }

    private void Flush()
    {
        if (_doneCount > 0)
        {
            _queue.Used.Complete(_done.AsSpan(0, _doneCount));
            _doneCount = 0;
        }
    }

    private bool Break(string reason)
    {
        Flush();
        _queue.Used.Fail(reason);
        return true;
    }
}
