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

    // In the order in which they were laid aside; those that are to be tried again unasked have a time.
    private readonly LinkedList<Entry> _aside = [];
    private readonly LinkedList<Entry> _timed = [];
    private readonly Dictionary<RequestChain, LinkedListNode<Entry>> _places = [];
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

    /// <summary>Marks a request to be interrupted, and gives it to the work. False when none of this number waits.</summary>
    internal bool TryInterrupt(ulong unique, Queue<DeferredRequest> work)
    {
        if (_byNumber.TryGetValue(unique, out RequestChain? chain))
        {
            chain.IsInterrupted = true;
        }

        return TryGive(unique, work);
    }

    /// <summary>Lays a request aside.</summary>
    /// <param name="request">The request.</param>
    /// <param name="isTold">Whether somebody says when it may get further. Otherwise it is given again after a pause, which grows.</param>
    /// <param name="now">In ticks of <see cref="Environment.TickCount64"/>.</param>
    internal void LayAside(in DeferredRequest request, bool isTold, long now)
    {
        // Who goes by another one's number is never told.
        bool hasTime = !isTold || _byNumber.GetValueOrDefault(request.Chain.Unique) != request.Chain;
        int pause = hasTime ? Math.Clamp(request.Chain.PauseMilliseconds * 2, FirstPauseMilliseconds, LastPauseMilliseconds) : 0;
        request.Chain.PauseMilliseconds = pause;
        _places.Add(request.Chain, (hasTime ? _timed : _aside).AddLast(new Entry(request, hasTime ? now + pause : Never)));
        request.Queue.Away.NoteLaidAside(1);
    }

    /// <summary>
    /// Gives a request to the work. One that is not laid aside yet, or is being answered, is marked to be given again. False when none of
    /// this number is known.
    /// </summary>
    internal bool TryGive(ulong unique, Queue<DeferredRequest> work)
    {
        if (!_byNumber.TryGetValue(unique, out RequestChain? chain))
        {
            return false;
        }

        if (!_places.TryGetValue(chain, out LinkedListNode<Entry>? place))
        {
            chain.IsCalled = true;
        }
        else if (place.Value.Request.Queue.TakesUp)
        {
            Give(place, work);
        }

        return true;
    }

    /// <summary>As <see cref="TryGive"/>, but after a pause.</summary>
    internal bool TryGiveSoon(ulong unique, long now)
    {
        if (!_byNumber.TryGetValue(unique, out RequestChain? chain))
        {
            return false;
        }

        if (!_places.TryGetValue(chain, out LinkedListNode<Entry>? place))
        {
            chain.IsCalled = true;
        }
        else if (place.List == _aside)
        {
            Entry entry = place.Value;
            _aside.Remove(place);
            _places[chain] = _timed.AddLast(entry with { Due = now + FirstPauseMilliseconds });
        }

        return true;
    }

    /// <summary>When one that is laid aside is to be given again unasked; <see cref="Never"/> when none is. In ticks of <see cref="Environment.TickCount64"/>.</summary>
    internal long FindNextDue()
    {
        long due = Never;
        foreach (Entry entry in _timed)
        {
            due = entry.Due < due && entry.Request.Queue.TakesUp ? entry.Due : due;
        }

        return due == Never ? Never : Math.Max(due, _nextTurn);
    }

    /// <summary>Gives those to the work whose pause is over, a few of them at a time, those first that were laid aside first. True when there was one.</summary>
    internal bool GiveDue(Queue<DeferredRequest> work, long now)
    {
        if (now < _nextTurn || !Give(_timed, work, entry => entry.Due <= now, MostOfTurn))
        {
            return false;
        }

        _nextTurn = now + TurnMilliseconds;
        return true;
    }

    /// <summary>Gives those that can be given again to the work. True when there was one.</summary>
    internal bool GiveAgain(Queue<DeferredRequest> work) =>
        Give(_aside, work, static _ => true, int.MaxValue) | Give(_timed, work, static _ => true, int.MaxValue);

    /// <summary>Takes out what a queue has laid aside.</summary>
    internal List<DeferredRequest> TakeOut(VirtQueue queue)
    {
        List<DeferredRequest> taken = [];
        foreach (LinkedListNode<Entry> place in _places.Values.Where(place => place.Value.Request.Queue == queue).ToArray())
        {
            taken.Add(place.Value.Request);
            Remove(place);
        }

        return taken;
    }

    private bool Give(LinkedList<Entry> list, Queue<DeferredRequest> work, Predicate<Entry> isMeant, int most)
    {
        int given = 0;
        for (LinkedListNode<Entry>? place = list.First, next; place is not null && given < most; place = next)
        {
            next = place.Next;
            if (isMeant(place.Value) && place.Value.Request.Queue.TakesUp)
            {
                Give(place, work);
                given++;
            }
        }

        return given > 0;
    }

    private void Give(LinkedListNode<Entry> place, Queue<DeferredRequest> work)
    {
        work.Enqueue(place.Value.Request);
        Remove(place);
    }

    private void Remove(LinkedListNode<Entry> place)
    {
        _ = _places.Remove(place.Value.Request.Chain);
        place.Value.Request.Queue.Away.NoteLaidAside(-1);
        place.List!.Remove(place);
    }

    /// <summary>A request that is laid aside, and when it is given again unasked.</summary>
    private readonly record struct Entry(DeferredRequest Request, long Due);
}
