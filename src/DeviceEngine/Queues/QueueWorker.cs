using System.Diagnostics;
using VirtioFs.DeviceEngine.Memory;
using VirtioFs.DeviceEngine.Rings;
using VirtioFs.Fuse;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// The thread that serves one ring: it takes all that waits, answers what is quick, gives it back at once, watches the dry ring for a
/// short while, and sleeps until the guest kicks.
/// </summary>
internal sealed class QueueWorker
{
    private const int StackSize = 512 * 1024;
    private const int BatchSize = 64;

    // Completed requests are not kept from the guest for longer than this while others are being answered.
    private static readonly long s_batchTicks = Stopwatch.Frequency / 20_000;

    private readonly Device _device;
    private readonly VirtQueue _queue;
    private readonly DeferredRequests _deferred;
    private readonly PollWindow _window;
    private readonly object _rest = new();
    private readonly UsedElement[] _done = new UsedElement[BatchSize];
    private readonly PollEntry[] _sleep = new PollEntry[2];
    private readonly ChainReader _reader = new();
    private readonly int _wake;
    private readonly Thread _thread;
    private volatile bool _pauseRequested = true;
    private volatile bool _ending;
    private bool _resting;
    private bool _gone;
    private int _doneCount;
    private long _doneSince;
    private int _emptyKicks;
    private RequestChain _chain;

    internal QueueWorker(Device device, VirtQueue queue, string name)
    {
        (_device, _queue) = (device, queue);
        _deferred = device.Deferred;
        _window = new PollWindow(device.PollMicroseconds);
        _chain = queue.TakeSpareChain();
        _wake = (int)LinuxException.Check(EventFd.Create(), "Making an event descriptor failed");
        _thread = new Thread(Run, StackSize) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>True while the worker waits for <see cref="Resume"/>, and touches nothing.</summary>
    internal bool IsResting
    {
        get
        {
            lock (_rest)
            {
                return _resting || _gone;
            }
        }
    }

    /// <summary>Makes the worker rest after the request that it is in. False when that takes until <paramref name="isAbandoned"/>.</summary>
    internal bool TryPause(Func<bool> isAbandoned)
    {
        const int LookAroundMilliseconds = 20;
        _pauseRequested = true;
        lock (_rest)
        {
            while (!_resting && !_gone)
            {
                Interrupt();
                if (Monitor.Wait(_rest, LookAroundMilliseconds))
                {
                    continue;
                }

                _queue.ReleaseSenders();
                if (isAbandoned())
                {
                    return _resting || _gone;
                }
            }
        }

        return true;
    }

    /// <summary>Ends a rest.</summary>
    internal void Resume()
    {
        lock (_rest)
        {
            _pauseRequested = false;
            Monitor.PulseAll(_rest);
        }
    }

    /// <summary>Wakes the worker, so that it looks around.</summary>
    internal void Interrupt()
    {
        lock (_rest)
        {
            if (!_gone)
            {
                _ = EventFd.Signal(_wake);
            }
        }
    }

    /// <summary>Makes the worker end after the request that it is in.</summary>
    internal void BeginEnd()
    {
        _ending = true;
        lock (_rest)
        {
            Monitor.PulseAll(_rest);
        }

        Interrupt();
    }

    /// <summary>Waits for the end. False when it did not come in time. Then call again.</summary>
    internal bool TryJoin(TimeSpan patience) => _thread.Join(patience);

    private bool MustLookUp => _pauseRequested || _ending || _queue.HasOfferedMemory;

    private void Run()
    {
        try
        {
            using FuseWorker fuse = _device.Server.CreateWorker();
            while (TryRest())
            {
                Serve(fuse);
                Flush();

                // Whoever takes the ring up after a rest hears of the guest's next request only if the guest kicks for it.
                _ = _queue.TryAskForKick();
            }
        }
#pragma warning disable CA1031 // The last resort of this thread: a fault ends the share, never the process.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            _device.Fail($"The worker of ring {_queue.Index} failed: {fault.Message}");
        }
        finally
        {
            lock (_rest)
            {
                // The thread owns its descriptor; nobody signals it any more.
                _gone = true;
                FileDescriptor.Close(_wake);
                Monitor.PulseAll(_rest);
            }
        }
    }

    /// <summary>Rests as long as it is asked to, or there is nothing to serve. False at the end.</summary>
    private bool TryRest()
    {
        if (_queue.HasOfferedMemory)
        {
            _queue.TakeOfferedMemory();
        }

        lock (_rest)
        {
            while (!_ending && (_pauseRequested || !_queue.CanServe))
            {
                _resting = true;
                Monitor.PulseAll(_rest);
                _ = Monitor.Wait(_rest);
            }

            _resting = false;
        }

        return !_ending;
    }

    private void Serve(FuseWorker fuse)
    {
        if (!_queue.IsStarted && !TryAwaitFirstKick())
        {
            return;
        }

        _queue.DeclineKicks();
        while (!MustLookUp)
        {
            if (!TryDrain(fuse))
            {
                return;
            }

            if (MustLookUp || TryPoll())
            {
                continue;
            }

            if (_queue.NeedsPolling)
            {
                // No kick will come; a guest that asked for this wants answers sooner than its host wants its processor back.
                NapBetweenPolls();
                continue;
            }

            if (_queue.TryAskForKick() && !TrySleep())
            {
                return;
            }

            if (!MustLookUp)
            {
                _queue.DeclineKicks();
            }
        }
    }

    /// <summary>Waits until the guest starts the ring. False when something else is to be done first.</summary>
    private bool TryAwaitFirstKick()
    {
        while (!MustLookUp)
        {
            if (!TrySleep())
            {
                return false;
            }

            if (_queue.IsStarted)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Answers until nothing waits, or something else is to be done. False when the ring is broken.</summary>
    private bool TryDrain(FuseWorker fuse)
    {
        SplitRing ring = _queue.Ring!;
        GuestMemory memory = _queue.Memory!;
        while (!MustLookUp)
        {
            int waiting = ring.CountAvailable();
            if (waiting == 0)
            {
                break;
            }

            if (ring.IsLost)
            {
                return Break("Its memory is gone: the front end has made the file shorter that it lies in.");
            }

            if (waiting > ring.Size)
            {
                return Break($"The driver says that {waiting} chains wait in a ring of {ring.Size}.");
            }

            while (waiting-- > 0 && !MustLookUp)
            {
                string? fault = _reader.TryTake(ring, memory, ring.TakeHead(), _chain);
                if (fault is not null)
                {
                    return Break(fault);
                }

                Answer(fuse, ring, isLast: waiting == 0);
            }
        }

        Flush();
        return true;
    }

    private void Answer(FuseWorker fuse, SplitRing ring, bool isLast)
    {
        _queue.Counters.RequestBytes += (long)_chain.RequestLength;
        if (_chain.IsUnreachable)
        {
            _queue.Counters.RefusedRequests++;
            Finish(fuse.Refuse(_chain.Exchange, Errno.EFAULT));
            return;
        }

        // What is finished already must not wait for a request that blocks.
        bool alone = isLast && ring.CountAvailable() == 0;
        FuseOutcome outcome = fuse.Answer(_chain.Exchange, alone && _doneCount == 0 ? Patience.Brief : Patience.None, out uint written);
        if (outcome == FuseOutcome.Answered)
        {
            Finish(written);
            return;
        }

        _chain.KeepRequest(fuse.Header, fuse.Unique);
        if (outcome == FuseOutcome.WouldBlock && alone && _doneCount > 0)
        {
            Flush();
            outcome = fuse.Answer(_chain.Exchange, ring.CountAvailable() == 0 ? Patience.Brief : Patience.None, out written);
        }

        if (outcome == FuseOutcome.Answered)
        {
            Finish(written);
        }
        else if (_deferred.TryAdd(_queue, _chain))
        {
            _chain = _queue.TakeSpareChain();
        }
        else
        {
            AnswerInPlace(fuse);
        }
    }

    /// <summary>Answers a request, however long that takes, since as many are deferred as may be.</summary>
    private void AnswerInPlace(FuseWorker fuse)
    {
        Flush();
        FuseOutcome outcome = fuse.Answer(_chain.Exchange, Patience.Long, out uint written);
        Finish(outcome == FuseOutcome.Answered ? written : fuse.Refuse(_chain.Exchange, Errno.ENOLCK));
    }

    private void Finish(uint written)
    {
        _queue.MarkReply(_chain, written);
        long now = Stopwatch.GetTimestamp();
        _doneSince = _doneCount == 0 ? now : _doneSince;
        _done[_doneCount++] = new UsedElement(_chain.Head, written);
        if (_doneCount == BatchSize || now - _doneSince > s_batchTicks)
        {
            Flush();
        }
    }

    private void Flush()
    {
        if (_doneCount > 0)
        {
            _queue.Complete(_done.AsSpan(0, _doneCount));
            _doneCount = 0;
        }
    }

    private bool Break(string reason)
    {
        Flush();
        _queue.Fail(reason);
        return false;
    }

    /// <summary>Watches the dry ring for a while. True when there is something to do.</summary>
    private bool TryPoll()
    {
        long window = _queue.NeedsPolling ? _window.Maximum : _window.Ticks;
        if (window == 0)
        {
            return false;
        }

        SplitRing ring = _queue.Ring!;
        _queue.Counters.Polls++;
        long end = Stopwatch.GetTimestamp() + window;
        do
        {
            Thread.SpinWait(4);
            if (ring.CountAvailable() != 0)
            {
                _queue.Counters.SuccessfulPolls++;
                _window.NoteFind();
                return true;
            }
        }
        while (!MustLookUp && Stopwatch.GetTimestamp() < end);
        return false;
    }

    /// <summary>Sleeps until the guest kicks or somebody interrupts. False when the kick descriptor cannot be waited for.</summary>
    private bool TrySleep()
    {
        const int ManyEmptyKicks = 1000;
        long before = Stopwatch.GetTimestamp();
        _sleep[0] = new PollEntry { Descriptor = _wake, Events = Poll.Readable };
        _sleep[1] = new PollEntry { Descriptor = _queue.Kick, Events = Poll.Readable };
        _ = Poll.Wait(_sleep, -1);
        if (_sleep[0].Happened != 0)
        {
            _ = EventFd.Drain(_wake);
        }

        if (_sleep[1].Happened == 0)
        {
            return true;
        }

        _emptyKicks = EventFd.Drain(_queue.Kick) ? 0 : _emptyKicks + 1;
        if ((_sleep[1].Happened & Poll.Readable) == 0 || _emptyKicks > ManyEmptyKicks)
        {
            return Break("Its kick descriptor is not one that can be waited for: it is closed on the other side, or no event descriptor.");
        }

        _queue.Counters.Kicks++;
        _queue.IsStarted = true;
        _window.NoteSleep(Stopwatch.GetTimestamp() - before);
        return true;
    }

    private void NapBetweenPolls()
    {
        const int NapMilliseconds = 1;
        _sleep[0] = new PollEntry { Descriptor = _wake, Events = Poll.Readable };
        if (Poll.Wait(_sleep.AsSpan(0, 1), NapMilliseconds) > 0)
        {
            _ = EventFd.Drain(_wake);
        }
    }
}
