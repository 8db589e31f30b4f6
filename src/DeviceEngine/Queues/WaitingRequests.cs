using VirtioFs.DeviceEngine.Rings;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// Requests that wait for somebody else: those that are laid aside now, and the numbers of all that have begun to wait, since a guest
/// interrupts them by those. Its owner's lock guards it.
/// </summary>
internal sealed class WaitingRequests
{
    private readonly List<DeferredRequest> _aside = [];
    private readonly Dictionary<ulong, RequestChain> _byNumber = [];

    /// <summary>Notes that a request waits. Two that a guest gave the same number are told apart by their chain, and the first is found by it.</summary>
    internal void Note(RequestChain chain)
    {
        chain.IsWaiter = true;
        _ = _byNumber.TryAdd(chain.Unique, chain);
    }

    /// <summary>Forgets that a request waited.</summary>
    internal void Forget(RequestChain chain)
    {
        chain.IsWaiter = false;
        if (_byNumber.TryGetValue(chain.Unique, out RequestChain? noted) && noted == chain)
        {
            _ = _byNumber.Remove(chain.Unique);
        }
    }

    /// <summary>Marks a request to be interrupted. False when none of this number waits.</summary>
    internal bool TryInterrupt(ulong unique)
    {
        if (!_byNumber.TryGetValue(unique, out RequestChain? chain))
        {
            return false;
        }

        chain.IsInterrupted = true;
        return true;
    }

    internal void LayAside(in DeferredRequest request)
    {
        _aside.Add(request);
        request.Queue.Away.NoteLaidAside(1);
    }

    /// <summary>Whether one that is laid aside could be given again.</summary>
    internal bool AnyTakesUp()
    {
        foreach (DeferredRequest request in _aside)
        {
            if (request.Queue.TakesUp)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Gives those that can be given again to the work, in their order. True when there was one.</summary>
    internal bool GiveAgain(Queue<DeferredRequest> work)
    {
        int kept = 0;
        for (int i = 0; i < _aside.Count; i++)
        {
            DeferredRequest request = _aside[i];
            if (request.Queue.TakesUp)
            {
                request.Queue.Away.NoteLaidAside(-1);
                work.Enqueue(request);
            }
            else
            {
                _aside[kept++] = request;
            }
        }

        bool any = kept < _aside.Count;
        _aside.RemoveRange(kept, _aside.Count - kept);
        return any;
    }

    /// <summary>Takes out what a queue has laid aside.</summary>
    internal List<DeferredRequest> TakeOut(VirtQueue queue)
    {
        List<DeferredRequest> taken = _aside.FindAll(request => request.Queue == queue);
        _ = _aside.RemoveAll(request => request.Queue == queue);
        queue.Away.NoteLaidAside(-taken.Count);
        return taken;
    }
}
