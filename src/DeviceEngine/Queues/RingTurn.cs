using VirtioFs.DeviceEngine.Rings;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// Whose turn it is to touch a ring: that of the thread that serves it, or, while that one rests, the control thread's. A thread that is
/// stuck in a host call loses its turn to another one.
/// </summary>
/// <remarks>Its lock is taken before the queue's and before that of <see cref="ServingThreads"/>, never after.</remarks>
internal sealed class RingTurn
{
    private const int LookAroundMilliseconds = 20, LongestPauseMilliseconds = 5000;

    private readonly object _gate = new();
    private volatile bool _pauseRequested = true;
    private volatile bool _isEnding;
    private RingThread? _server;
    private bool _isResting;
    private bool _isOver;

    internal RingTurn() => Wake = (int)LinuxException.Check(EventFd.Create(), "Making an event descriptor failed");

    /// <summary>The descriptor that becomes readable when the server is to look around. It is closed when the last turn is over.</summary>
    internal int Wake { get; }

    /// <summary>Whether the server is to leave the ring alone after the request that it is in.</summary>
    internal bool IsWanted => _pauseRequested || _isEnding;

    // The control thread's side.

    /// <summary>True when the ring is the control thread's until <see cref="Resume"/>.</summary>
    internal bool IsResting
    {
        get
        {
            lock (_gate)
            {
                return _isResting || _isOver;
            }
        }
    }

    /// <summary>The request that the server is inside of, or was last; null while it rests, or is no more.</summary>
    internal RequestChain? Chain
    {
        get
        {
            lock (_gate)
            {
                return _isResting || _isOver ? null : _server?.Chain;
            }
        }
    }

    /// <summary>Names the ring's first server, before that begins.</summary>
    internal void Begin(RingThread server) => _server = server;

    /// <summary>
    /// Makes the server rest after the request that it is in. False when that takes until <paramref name="isAbandoned"/>, or for long: then nobody could be found
    /// to stand in for it.
    /// </summary>
    internal bool TryPause(VirtQueue queue, Func<bool> isAbandoned)
    {
        long end = Environment.TickCount64 + LongestPauseMilliseconds;
        _pauseRequested = true;
        lock (_gate)
        {
            while (!_isResting && !_isOver)
            {
                Interrupt();
                if (Monitor.Wait(_gate, LookAroundMilliseconds))
                {
                    continue;
                }

                queue.Used.ReleaseSenders();
                if (isAbandoned() || Environment.TickCount64 > end)
                {
                    return _isResting || _isOver;
                }
            }
        }

        return true;
    }

    /// <summary>Ends a rest.</summary>
    internal void Resume()
    {
        lock (_gate)
        {
            _pauseRequested = false;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Wakes the server, so that it looks around.</summary>
    internal void Interrupt()
    {
        lock (_gate)
        {
            if (!_isOver)
            {
                _ = EventFd.Signal(Wake);
            }
        }
    }

    /// <summary>Makes the server end after the request that it is in.</summary>
    internal void BeginEnd()
    {
        _isEnding = true;
        lock (_gate)
        {
            Monitor.PulseAll(_gate);
        }

        Interrupt();
    }

    /// <summary>Waits until nobody serves the ring any more. False when that takes longer than until then. Then call again.</summary>
    /// <param name="queue">The ring's queue.</param>
    /// <param name="deadline">In ticks of <see cref="Environment.TickCount64"/>.</param>
    internal bool TryAwaitEnd(VirtQueue queue, long deadline)
    {
        lock (_gate)
        {
            while (!_isOver)
            {
                if (Monitor.Wait(_gate, LookAroundMilliseconds))
                {
                    continue;
                }

                queue.Used.ReleaseSenders();
                if (Environment.TickCount64 >= deadline)
                {
                    return _isOver;
                }
            }
        }

        return true;
    }

    // The server's side.

    /// <summary>Rests as long as it is asked to, or there is nothing to serve. False at the end.</summary>
    internal bool TryRest(VirtQueue queue)
    {
        lock (_gate)
        {
            while (!_isEnding && (_pauseRequested || !queue.CanServe))
            {
                _isResting = true;
                Monitor.PulseAll(_gate);
                _ = Monitor.Wait(_gate);
            }

            _isResting = false;
        }

        return !_isEnding;
    }

    /// <summary>The server comes out of a host call. False when it has lost its turn: then nothing of the ring is its own.</summary>
    internal bool TryLeaveCall(RingThread thread)
    {
        if (thread.Mark.TryLeave())
        {
            return true;
        }

        lock (_gate)
        {
            thread.Mark.Settle();
            return _server == thread;
        }
    }

    /// <summary>A thread serves no more; when it is the server, nobody does.</summary>
    internal void End(RingThread thread)
    {
        lock (_gate)
        {
            if (_server != thread || _isOver)
            {
                return;
            }

            thread.EndedWithRing = true;
            _isOver = true;
            FileDescriptor.Close(Wake);
            Monitor.PulseAll(_gate);
        }
    }

    // The watch's side.

    /// <summary>Gives the turn of a thread that is inside of a call to another one, if somebody waits for it and there is another one.</summary>
    /// <param name="from">The thread.</param>
    /// <param name="sequence">The call that it is inside of.</param>
    /// <param name="worker">What it serves the ring with.</param>
    /// <param name="isLong">Whether the turn is given also when nobody waits.</param>
    /// <param name="standIn">The thread whose turn it is now.</param>
    internal bool TryHandOver(RingThread from, long sequence, QueueWorker worker, bool isLong, out RingThread? standIn)
    {
        standIn = null;
        lock (_gate)
        {
            if (_server != from || _isOver || !from.Mark.TryChallenge(sequence))
            {
                return false;
            }

            // The server cannot come out of its call now, so the ring stays as it is.
            standIn = isLong || worker.HoldsUp() ? worker.Threads.TryReserve() : null;
            if (standIn is null)
            {
                from.Mark.Settle();
                return false;
            }

            worker.LeaveBehind(from);
            _server = standIn;
            return true;
        }
    }
}
