using VirtioFs.DeviceEngine.Rings;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// Requests that wait for somebody else: those that are laid aside now, and the numbers of all that have begun to wait, since a guest
/// interrupts them by those. Its owner's lock guards it.
/// </summary>
internal sealed class WaitingRequests
{
    /// <summary>No time at all.</summary>
    internal const long Never = long.MaxValue;

    private const int FirstPauseMilliseconds = 5, LastPauseMilliseconds = 160;

    // However many wait for the host, looking whether they may go on costs a few of these each turn; with very many, each waits longer.
    private const int MostOfTurn = 8, TurnMilliseconds = 5;

    private readonly List<Entry> _aside = [];
    private readonly Dictionary<ulong, RequestChain> _byNumber = [];
    private long _nextTurn;

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

    /// <summary>Lays a request aside.</summary>
    /// <param name="request">The request.</param>
    /// <param name="isTold">Whether somebody says when it may get further. Otherwise it is given again after a pause, which grows.</param>
    /// <param name="now">In ticks of <see cref="Environment.TickCount64"/>.</param>
    internal void LayAside(in DeferredRequest request, bool isTold, long now)
    {
        int pause = isTold ? 0 : Math.Clamp(request.Chain.PauseMilliseconds * 2, FirstPauseMilliseconds, LastPauseMilliseconds);
        request.Chain.PauseMilliseconds = pause;
        _aside.Add(new Entry(request, isTold ? Never : now + pause));
        request.Queue.Away.NoteLaidAside(1);
    }

    /// <summary>When one that is laid aside is to be given again unasked; <see cref="Never"/> when none is. In ticks of <see cref="Environment.TickCount64"/>.</summary>
    internal long FindNextDue()
    {
        long due = Never;
        foreach (Entry entry in _aside)
        {
            due = entry.Due < due && entry.Request.Queue.TakesUp ? entry.Due : due;
        }

        return due == Never ? Never : Math.Max(due, _nextTurn);
    }

    /// <summary>Gives those to the work whose pause is over, a few of them at a time, those first that were laid aside first. True when there was one.</summary>
    internal bool GiveDue(Queue<DeferredRequest> work, long now)
    {
        if (now < _nextTurn || !Give(work, entry => entry.Due <= now, MostOfTurn))
        {
            return false;
        }

        _nextTurn = now + TurnMilliseconds;
        return true;
    }

    /// <summary>Gives those that can be given again to the work, in their order. True when there was one.</summary>
    internal bool GiveAgain(Queue<DeferredRequest> work) => Give(work, static _ => true, int.MaxValue);

    /// <summary>Gives those to the work that are to be interrupted. True when there was one.</summary>
    internal bool GiveInterrupted(Queue<DeferredRequest> work) => Give(work, static entry => entry.Request.Chain.IsInterrupted, int.MaxValue);

    /// <summary>Takes out what a queue has laid aside.</summary>
    internal List<DeferredRequest> TakeOut(VirtQueue queue)
    {
        List<DeferredRequest> taken = _aside.FindAll(entry => entry.Request.Queue == queue).ConvertAll(entry => entry.Request);
        _ = _aside.RemoveAll(entry => entry.Request.Queue == queue);
        queue.Away.NoteLaidAside(-taken.Count);
        return taken;
    }

    private bool Give(Queue<DeferredRequest> work, Predicate<Entry> isMeant, int most)
    {
        int kept = 0;
        int given = 0;
        for (int i = 0; i < _aside.Count; i++)
        {
            Entry entry = _aside[i];
            if (given < most && isMeant(entry) && entry.Request.Queue.TakesUp)
            {
                entry.Request.Queue.Away.NoteLaidAside(-1);
                work.Enqueue(entry.Request);
                given++;
            }
            else
            {
                _aside[kept++] = entry;
            }
        }

        _aside.RemoveRange(kept, _aside.Count - kept);
        return given > 0;
    }

    /// <summary>A request that is laid aside, and when it is given again unasked.</summary>
    private readonly record struct Entry(DeferredRequest Request, long Due);
}
