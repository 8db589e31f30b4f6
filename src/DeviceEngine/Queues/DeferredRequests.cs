using VirtioFs.Fuse;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// Requests that would hold up their queue. Those that block have threads here, which come with the work, up to a limit, and stay. Those
/// that wait for somebody else have none: they are laid aside and given again when the file system says so, or after a while, since a
/// lock that a program of the host gives up is told to nobody. Those of a ring at rest stay aside until it goes on.
/// </summary>
internal sealed class DeferredRequests
{
    private const int StackSize = 512 * 1024;
    private const int FirstRetryMilliseconds = 5, LastRetryMilliseconds = 160;

    private readonly object _gate = new();
    private readonly FuseServer _server;
    private readonly Action<string> _fail;
    private readonly string _name;
    private readonly int _limit;
    private readonly Queue<DeferredRequest> _work = new();
    private readonly Queue<DeferredRequest> _waiting = new();
    private readonly HashSet<ulong> _waiters = [];
    private readonly HashSet<ulong> _interrupted = [];
    private readonly List<Thread> _threads = [];
    private int _idle;
    private int _retryMilliseconds = FirstRetryMilliseconds;
    private long _retries;
    private bool _closed;

    /// <summary>Begins without threads.</summary>
    /// <param name="server">Who answers.</param>
    /// <param name="fail">What a thread tells that cannot go on.</param>
    /// <param name="name">The threads' name.</param>
    /// <param name="limit">The most threads.</param>
    internal DeferredRequests(FuseServer server, Action<string> fail, string name, int limit)
    {
        (_server, _fail, _name, _limit) = (server, fail, name, limit);
        server.WaitersMayProceed += Retry;
        server.TryInterrupt = TryInterrupt;
    }

    /// <summary>Takes a request over; it ends with <see cref="VirtQueue.CompleteDeferred"/>.</summary>
    internal void Add(VirtQueue queue, Rings.RequestChain chain)
    {
        lock (_gate)
        {
            _work.Enqueue(new DeferredRequest(queue, chain));
            CallThread();
        }
    }

    /// <summary>Gives all requests that wait once more.</summary>
    internal void Retry()
    {
        lock (_gate)
        {
            _retries++;
            _retryMilliseconds = FirstRetryMilliseconds;
            GiveAgain();
        }
    }

    /// <summary>Makes a request that waits answer EINTR. False when none of that number does.</summary>
    internal bool TryInterrupt(ulong unique)
    {
        lock (_gate)
        {
            if (!_waiters.Contains(unique))
            {
                return false;
            }

            _ = _interrupted.Add(unique);
            GiveAgain();
            return true;
        }
    }

    /// <summary>Drops what nobody has begun of queues that are closed.</summary>
    internal void DropClosed()
    {
        List<DeferredRequest> dropped;
        lock (_gate)
        {
            GiveAgain();
            dropped = TakeOut(_work, request => request.Queue.IsClosed);
            dropped.ForEach(ForgetWaiter);
        }

        Drop(dropped);
    }

    /// <summary>Drops what a ring at rest has laid aside: the guest has begun the ring anew and knows nothing of it.</summary>
    internal void DropLaidAside(VirtQueue queue)
    {
        List<DeferredRequest> dropped;
        lock (_gate)
        {
            dropped = TakeOut(_waiting, request => request.Queue == queue);
            dropped.ForEach(ForgetWaiter);
            queue.NoteLaidAside(-dropped.Count);
        }

        Drop(dropped);
    }

    /// <summary>Lets every thread go after the request that it is in.</summary>
    internal void BeginClose()
    {
        _server.WaitersMayProceed -= Retry;
        _server.TryInterrupt = null;
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits for the threads' end. False when one is stuck in a system call. Then call again.</summary>
    internal bool TryClose(TimeSpan patience)
    {
        long deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        foreach (Thread thread in _threads)
        {
            if (!thread.Join((int)Math.Max(0, deadline - Environment.TickCount64)))
            {
                return false;
            }
        }

        return true;
    }

    private void Run()
    {
        try
        {
            using FuseWorker fuse = _server.CreateWorker();
            while (TryTake(out DeferredRequest request, out long retries))
            {
                Answer(fuse, request, retries);
            }
        }
#pragma warning disable CA1031 // The last resort of this thread: a fault ends the share, never the process.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            _fail($"A thread for requests that block failed: {fault.Message}");
        }
    }

    private void Answer(FuseWorker fuse, DeferredRequest request, long retries)
    {
        uint? written = null;
        bool waits = false;
        try
        {
            if (!request.Queue.IsClosed)
            {
                FuseOutcome outcome = fuse.Answer(request.Chain.Exchange, Patience.Long, out uint length);
                request = request with { Unique = fuse.Unique };
                waits = outcome == FuseOutcome.WouldWait && !request.Queue.InterruptsWaits && !IsInterrupted(request);
                written = outcome == FuseOutcome.Answered ? length : waits ? null : fuse.Refuse(request.Chain.Exchange, Errno.EINTR);
            }
        }
        finally
        {
            if (!waits || !TryLayAside(request, retries))
            {
                lock (_gate)
                {
                    ForgetWaiter(request);
                }

                request.Queue.CompleteDeferred(request.Chain, written);
            }
        }
    }

    /// <summary>Lays a request aside, or gives it again at once when that was asked for meanwhile. False when its queue is closed.</summary>
    private bool TryLayAside(DeferredRequest request, long retries)
    {
        lock (_gate)
        {
            if (request.Queue.IsClosed)
            {
                return false;
            }

            _ = _waiters.Add(request.Unique);
            bool missed = retries != _retries || request.Queue.InterruptsWaits || _interrupted.Contains(request.Unique);
            if (missed && request.Queue.TakesUp)
            {
                _work.Enqueue(request);
                CallThread();
            }
            else
            {
                _waiting.Enqueue(request);
                request.Queue.NoteLaidAside(1);
            }

            return true;
        }
    }

    private bool IsInterrupted(DeferredRequest request)
    {
        lock (_gate)
        {
            return _interrupted.Contains(request.Unique);
        }
    }

    private void ForgetWaiter(DeferredRequest request)
    {
        _ = _waiters.Remove(request.Unique);
        _ = _interrupted.Remove(request.Unique);
    }

    private bool TryTake(out DeferredRequest request, out long retries)
    {
        lock (_gate)
        {
            _idle++;
            while (_work.Count == 0 && !_closed)
            {
                bool mayRetry = _waiting.Count > 0 && _waiting.Any(request => request.Queue.TakesUp);
                if (!Monitor.Wait(_gate, mayRetry ? _retryMilliseconds : Timeout.Infinite))
                {
                    _retryMilliseconds = Math.Min(_retryMilliseconds * 2, LastRetryMilliseconds);
                    GiveAgain();
                }
            }

            _idle--;
            retries = _retries;
            return _work.TryDequeue(out request);
        }
    }

    private void GiveAgain()
    {
        if (_waiting.Count == 0)
        {
            return;
        }

        List<DeferredRequest> given = TakeOut(_waiting, request => request.Queue.TakesUp);
        foreach (DeferredRequest request in given)
        {
            request.Queue.NoteLaidAside(-1);
            _work.Enqueue(request);
        }

        if (given.Count > 0)
        {
            CallThread();
        }
    }

    private void Drop(List<DeferredRequest> requests)
    {
        foreach (DeferredRequest request in requests)
        {
            _server.Abandon(request.Unique);
            request.Queue.CompleteDeferred(request.Chain, null);
        }
    }

    /// <summary>Takes those that are meant out of a queue; the others stay in their order.</summary>
    private static List<DeferredRequest> TakeOut(Queue<DeferredRequest> requests, Func<DeferredRequest, bool> isMeant)
    {
        List<DeferredRequest> taken = [];
        for (int count = requests.Count; count > 0; count--)
        {
            DeferredRequest request = requests.Dequeue();
            if (isMeant(request))
            {
                taken.Add(request);
            }
            else
            {
                requests.Enqueue(request);
            }
        }

        return taken;
    }

    private void CallThread()
    {
        if (_work.Count > _idle && _threads.Count < _limit)
        {
            Thread thread = new(Run, StackSize) { IsBackground = true, Name = _name };
            _threads.Add(thread);
            thread.Start();
        }

        Monitor.PulseAll(_gate);
    }
}
