using VirtioFs.DeviceEngine.Memory;
using VirtioFs.DeviceEngine.Rings;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// A queue's requests that are not in the hands of its worker: how many there are, and whether those that wait for somebody else go on
/// waiting. The queue's lock guards the numbers.
/// </summary>
internal sealed class RequestsAway(object gate)
{
    private const int MostSpareChains = 128;

    private readonly Stack<RequestChain> _spareChains = new();
    private readonly HashSet<RequestChain> _chains = [];
    private int _laidAside;
    private int _parked;
    private volatile bool _isAtRest;
    private volatile bool _interrupts;

    /// <summary>How many there are, those that wait for somebody else included.</summary>
    internal int Count => _chains.Count;

    /// <summary>Whether the ring rests: then nothing of it may touch the guest's memory, and what waits has time.</summary>
    internal bool IsAtRest => _isAtRest;

    /// <summary>
    /// Whether those that wait must come to an end, as while the ring comes to rest for the guest's memory to be moved to another host: there
    /// they would be lost, and their programs wait for ever.
    /// </summary>
    internal bool Interrupts => _interrupts;

    /// <summary>An empty chain, of those that were used before if there is one.</summary>
    internal RequestChain TakeSpareChain()
    {
        lock (gate)
        {
            return _spareChains.TryPop(out RequestChain? chain) ? chain : new RequestChain();
        }
    }

    /// <summary>One more is away.</summary>
    internal void Add(RequestChain chain)
    {
        lock (gate)
        {
            _ = _chains.Add(chain);
        }
    }

    /// <summary>One has come back. The caller holds the lock.</summary>
    internal void Remove(RequestChain chain)
    {
        _ = _chains.Remove(chain);
        _parked -= chain.ParkedFor is null ? 0 : 1;
        chain.Return();
        if (_spareChains.Count < MostSpareChains && chain.Weight <= RequestChain.LargestSpareWeight)
        {
            _spareChains.Push(chain);
        }

        Monitor.PulseAll(gate);
    }

    /// <summary>Counts those that wait for somebody else, and touch nothing.</summary>
    internal void NoteLaidAside(int change)
    {
        lock (gate)
        {
            _laidAside += change;
            Monitor.PulseAll(gate);
        }
    }

    internal void BeginRest(bool interrupts) => (_interrupts, _isAtRest) = (interrupts, true);

    /// <summary>Waits until all but those that are laid aside or parked have come back. False when that takes longer than the time. Then call again.</summary>
    internal bool TryAwaitRest(int milliseconds)
    {
        lock (gate)
        {
            while (Count > _laidAside + _parked)
            {
                if (!Monitor.Wait(gate, milliseconds))
                {
                    return Count <= _laidAside + _parked;
                }
            }
        }

        // Whatever is logged from here on: a ring at rest has no way to give an answer back.
        _interrupts = false;
        return true;
    }

    /// <summary>Waits until all have come back, whatever they wait for. False when that takes longer than until then. Then call again.</summary>
    /// <param name="deadline">In ticks of <see cref="Environment.TickCount64"/>.</param>
    internal bool TryAwaitAll(long deadline)
    {
        lock (gate)
        {
            while (Count > 0)
            {
                long left = deadline - Environment.TickCount64;
                if (left <= 0)
                {
                    return false;
                }

                _ = Monitor.Wait(gate, (int)left);
            }
        }

        return true;
    }

    /// <summary>Takes the guest's memory from all. The caller holds the lock. See <see cref="FileMapping.TryCutOff"/>.</summary>
    internal bool TryCutOff(ReadOnlySpan<IoVec> kept)
    {
        bool all = true;
        foreach (RequestChain chain in _chains)
        {
            all &= chain.HeldMemory!.TryCutOff(kept) & (chain.ParkedFor?.TryCutOff(kept) ?? true);
        }

        return all;
    }

    /// <summary>As <see cref="TryCutOff"/>, from those alone that are parked, and not from where their answers are brought to.</summary>
    internal bool TryCutOffParked(ReadOnlySpan<IoVec> kept)
    {
        bool all = true;
        foreach (RequestChain chain in _chains.Where(chain => chain.ParkedFor is not null))
        {
            all &= chain.HeldMemory!.TryCutOff(kept);
        }

        return all;
    }

    /// <summary>Adds what is still to be read of the requests that threads are about, and what may be written of their answers. The caller holds the lock.</summary>
    internal void AddPieces(List<IoVec> pieces)
    {
        foreach (RequestChain chain in _chains.Where(chain => !chain.IsAside))
        {
            chain.AddNeeded(pieces);
        }
    }

    /// <summary>
    /// Has those that no thread is about go on in another mapping of the guest's memory, and parks the others: they will answer into memory that nobody sees.
    /// The caller holds the lock, and that of <see cref="DeferredRequests"/>.
    /// </summary>
    internal void MoveOrPark(GuestMemory memory)
    {
        foreach (RequestChain chain in _chains)
        {
            if (!chain.IsAside || !chain.TryMove(memory))
            {
                Park(chain, memory);
            }
        }

        Monitor.PulseAll(gate);
    }

    /// <summary>One that was parked is about to wait, and has written nothing yet. The caller holds the lock.</summary>
    internal void Unpark(RequestChain chain)
    {
        if (chain.ParkedFor is GuestMemory memory && chain.TryMove(memory))
        {
            chain.Unpark();
            _parked--;
        }
    }

    /// <summary>Those parked whose answers wait for the ring. The caller holds the lock.</summary>
    internal RequestChain[] ListParkedAnswers() => [.. _chains.Where(chain => chain.ParkedAnswer is not null)];

    private void Park(RequestChain chain, GuestMemory memory)
    {
        _parked += chain.ParkedFor is null ? 1 : 0;
        chain.Park(memory);
    }

    /// <summary>Ends a rest. False when there was none.</summary>
    internal bool TryEndRest()
    {
        bool wasAtRest = _isAtRest;
        _isAtRest = false;
        return wasAtRest;
    }
}
