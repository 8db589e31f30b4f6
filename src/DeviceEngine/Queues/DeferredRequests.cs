using VirtioFs.DeviceEngine.Quotas;
using VirtioFs.DeviceEngine.Rings;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Server;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// Requests that would hold up their queue. Those that block have threads here, which come with the work, up to a limit, and stay. Those
/// that wait for somebody else have none: they are laid aside and given again when the file system says so. Those that a program of the
/// host is in the way of are given again now and then, too, since it tells nobody. Those of a ring at rest stay aside until it goes on.
/// </summary>
internal sealed partial class DeferredRequests
{
    private readonly object _gate = new();
    private readonly FuseServer _server;
    private readonly Action<string> _fail;
    private readonly RequestQuotas _quotas = new();
    private readonly Queue<DeferredRequest> _work = new();
    private readonly BlockingThreads _threads;
    private int _idle;
    private bool _closed;

    /// <summary>Begins without threads.</summary>
    /// <param name="server">Who answers.</param>
    /// <param name="fail">What a thread tells that cannot go on.</param>
    /// <param name="name">The threads' name.</param>
    /// <param name="limit">The most threads.</param>
    internal DeferredRequests(FuseServer server, Action<string> fail, string name, int limit)
    {
        (_server, _fail) = (server, fail);
        _threads = new BlockingThreads(limit, _quotas.Threads, () => new BlockingThread(this, name));
        server.WaitersMayProceed += Call;
        server.TryInterrupt = TryInterrupt;
    }

    /// <summary>
    /// Takes a request over, which is kept; it ends with <see cref="VirtQueue.CompleteDeferred"/>. False when the share or the process has as
    /// many as it may have: then the queue's worker answers it, and takes nothing more from its ring meanwhile.
    /// </summary>
    internal bool TryAdd(VirtQueue queue, RequestChain chain)
    {
        if (!_quotas.Deferred.TryTake(chain.Weight))
        {
            return false;
        }

        queue.Defer(chain);
        lock (_gate)
        {
            chain.IsAside = true;
            _work.Enqueue(new DeferredRequest(queue, chain));
            CallThread();
        }

        return true;
    }

    /// <summary>
    /// Ends a request that its ring's thread was left behind with, which is the calling one, and need not hurry. The queue has let it go
    /// (<see cref="VirtQueue.Leave"/>), and it is kept.
    /// </summary>
    internal void AddLeftBehind(FuseWorker fuse, VirtQueue queue, RequestChain chain)
    {
        if (_quotas.Deferred.TryTake(chain.Weight))
        {
            Answer(fuse, new DeferredRequest(queue, chain), Volatile.Read(ref _calls), null);
            return;
        }

        uint? written = null;
        try
        {
            FuseOutcome outcome = fuse.Answer(chain.Exchange, Patience.Long, out uint answered);
            written = outcome == FuseOutcome.Answered ? answered : fuse.Refuse(chain.Exchange, Errno.ENOLCK);
        }
        finally
        {
            queue.CompleteDeferred(chain, written);
        }
    }

    /// <summary>Drops what nobody has begun of queues that are closed.</summary>
    internal void DropClosed()
    {
        List<DeferredRequest> dropped;
        lock (_gate)
        {
            CallThreadIf(_waiting.GiveAgain(_work));
            dropped = DeferredRequest.TakeOutClosed(_work);
        }

        Drop(dropped);
    }

    /// <summary>Lets every thread go after the request that it is in.</summary>
    internal void BeginClose()
    {
        _server.WaitersMayProceed -= Call;
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
        BlockingThread[] threads;
        lock (_gate)
        {
            threads = _threads.List();
        }

        return Array.TrueForAll(threads, thread => thread.TryJoin(TimeSpan.FromMilliseconds(Math.Max(0, deadline - Environment.TickCount64))));
    }

    /// <summary>What a thread does.</summary>
    internal void Work(BlockingThread thread)
    {
        try
        {
            using FuseWorker fuse = _server.CreateWorker();
            CallWatch.Add(thread.Mark);
            while (TryTake(thread, out DeferredRequest request, out long calls))
            {
                Answer(fuse, request, calls, thread);
            }
        }
#pragma warning disable CA1031 // The last resort of this thread: a fault ends the share, never the process.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            _fail($"A thread for requests that block failed: {fault.Message}");
        }
        finally
        {
            CallWatch.Remove(thread.Mark);
            _quotas.Threads.GiveBack();
        }
    }

    /// <summary>Lets another thread come in the place of one that hangs in a request. Called by the watch.</summary>
    internal bool TryReplace(BlockingThread thread, long sequence)
    {
        lock (_gate)
        {
            if (!_threads.TryGiveUp(thread, sequence))
            {
                return false;
            }

            CallThread();
            CallTimeKeeper(null);
            return true;
        }
    }

    private void Answer(FuseWorker fuse, DeferredRequest request, long calls, BlockingThread? thread)
    {
        uint? written = null;
        bool isAside = false;
        try
        {
            if (request.Queue.IsClosed)
            {
                _server.Abandon(request.Chain.Unique);
                return;
            }

            thread?.Mark.Enter();
            FuseOutcome outcome = fuse.Answer(request.Chain.Exchange, Patience.Long, out uint length);
            if (thread?.Mark.TryLeave() == false)
            {
                lock (_gate)
                {
                    _threads.NoteBack(thread);
                }
            }

            if (outcome == FuseOutcome.Answered)
            {
                written = length;
                return;
            }

            bool isOver = request.Queue.InterruptsWaits || request.Chain.IsInterrupted;
            int errno = isOver ? Errno.EINTR : TryLayAside(request, calls, outcome == FuseOutcome.WouldWaitForRelease, thread);
            isAside = errno == 0;
            written = isAside ? null : fuse.Refuse(request.Chain.Exchange, errno);
        }
        finally
        {
            if (!isAside)
            {
                Complete(request, written);
            }
        }
    }

    private void Complete(DeferredRequest request, uint? written)
    {
        RequestChain chain = request.Chain;
        lock (_gate)
        {
            (chain.IsWaiter ? _quotas.Waiting : _quotas.Deferred).GiveBack(chain.Weight);
            _waiting.Forget(chain);
        }

        request.Queue.CompleteDeferred(chain, written);
    }

    private bool TryTake(BlockingThread thread, out DeferredRequest request, out long calls)
    {
        lock (_gate)
        {
            if (_threads.TryDismiss(thread))
            {
                (request, calls) = (default, 0);
                return false;
            }

            _idle++;
            while (_work.Count == 0 && !_closed)
            {
                AwaitWork();
            }

            _idle--;
            calls = _calls;
            return TryDequeue(out request);
        }
    }

    private bool TryDequeue(out DeferredRequest request)
    {
        bool found = _work.TryDequeue(out request);
        if (found)
        {
            (request.Chain.IsCalled, request.Chain.IsAside) = (false, false);
        }

        return found;
    }

    private void CallThreadIf(bool isNeeded)
    {
        if (isNeeded)
        {
            CallThread();
        }
    }

    private void Drop(List<DeferredRequest> requests)
    {
        foreach (DeferredRequest request in requests)
        {
            _server.Abandon(request.Chain.Unique);
            Complete(request, null);
        }
    }

    private void CallThread()
    {
        if (_work.Count > _idle)
        {
            _threads.Call();
        }

        Monitor.PulseAll(_gate);
    }
}
