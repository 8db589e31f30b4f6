using VirtioFs.Fuse.Locks;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>Requests that wait for somebody else.</summary>
internal sealed partial class DeferredRequests
{
    private readonly WaitingRequests _waiting = new();
    private bool _isTimed;

    // Counts what was given up that requests may wait for of which nobody here knows yet that they wait.
    private long _calls;

    /// <summary>Gives all requests that wait once more.</summary>
    internal void Retry()
    {
        lock (_gate)
        {
            _calls++;
            CallThreadIf(_waiting.GiveAgain(_work));
        }
    }

    /// <summary>Gives those that wait for what was given up once more.</summary>
    private void Call(LockRelease release)
    {
        lock (_gate)
        {
            int before = _work.Count;
            bool areKnown = true;
            foreach (ulong unique in release.Next)
            {
                areKnown &= _waiting.TryGive(unique, _work);
            }

            foreach (ulong unique in release.Others)
            {
                areKnown &= _waiting.TryGiveSoon(unique, Environment.TickCount64);
            }

            _calls += areKnown ? 0 : 1;
            CallThreadIf(_work.Count > before);
            CallTimeKeeper(null);
        }
    }

    /// <summary>Has something done while nobody begins a request or lays one aside.</summary>
    internal void WhileNoneBegins(Action action)
    {
        lock (_gate)
        {
            action();
        }
    }

    /// <summary>Makes a request that waits answer EINTR. False when none of that number does.</summary>
    internal bool TryInterrupt(ulong unique)
    {
        lock (_gate)
        {
            bool waits = _waiting.TryInterrupt(unique, _work);
            CallThreadIf(waits);
            return waits;
        }
    }

    /// <summary>Drops what a ring at rest has laid aside: the guest has begun the ring anew and knows nothing of it.</summary>
    internal void DropLaidAside(VirtQueue queue)
    {
        List<DeferredRequest> dropped;
        lock (_gate)
        {
            dropped = _waiting.TakeOut(queue);
        }

        Drop(dropped);
    }

    /// <summary>
    /// Lays a request aside, or gives it again at once when that was asked for meanwhile. Zero, or the error number that answers it: no more
    /// may wait, or its queue is closed.
    /// </summary>
    private int TryLayAside(DeferredRequest request, long calls, bool isTold, BlockingThread? thread)
    {
        lock (_gate)
        {
            if (request.Queue.IsClosed)
            {
                return Errno.EINTR;
            }

            if (!request.Chain.IsWaiter)
            {
                if (!_quotas.Waiting.TryTake(request.Chain.Weight))
                {
                    return Errno.ENOLCK;
                }

                _quotas.Deferred.GiveBack(request.Chain.Weight);
                _waiting.Note(request.Chain);
            }

            // Its pieces may have been taken from the guest's memory meanwhile; nothing lies there yet.
            request.Chain.IsAside = true;
            request.Queue.Unpark(request.Chain);
            bool missed = request.Chain.IsCalled || calls != _calls || request.Queue.InterruptsWaits || request.Chain.IsInterrupted;
            if (missed && request.Queue.TakesUp)
            {
                _work.Enqueue(request);
                CallThread();
            }
            else
            {
                _waiting.LayAside(request, isTold, Environment.TickCount64);
                CallTimeKeeper(thread);
            }

            return 0;
        }
    }

    /// <summary>Waits for work, or until it is time to look after those that wait for the host, which one thread does.</summary>
    private void AwaitWork()
    {
        long due = _isTimed ? WaitingRequests.Never : _waiting.FindNextDue();
        if (due == WaitingRequests.Never)
        {
            _ = Monitor.Wait(_gate);
            return;
        }

        _isTimed = true;
        _ = Monitor.Wait(_gate, (int)Math.Max(1, due - Environment.TickCount64));
        _isTimed = false;
        CallThreadIf(_waiting.GiveDue(_work, Environment.TickCount64));
    }

    /// <summary>Sees to it that a thread keeps the time of those that wait for the host.</summary>
    /// <param name="self">The calling thread where it will wait for work itself; otherwise null.</param>
    private void CallTimeKeeper(BlockingThread? self)
    {
        if (self is null && _idle == 0 && _waiting.FindNextDue() != WaitingRequests.Never)
        {
            _threads.Call();
        }

        Monitor.PulseAll(_gate);
    }
}
