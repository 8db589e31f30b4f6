using VirtioFs.DeviceEngine.Rings;

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

    /// <summary>Waits until all but those that are laid aside have come back. False when that takes longer than the time. Then call again.</summary>
    internal bool TryAwaitRest(int milliseconds)
    {
        lock (gate)
        {
            while (Count > _laidAside)
            {
                if (!Monitor.Wait(gate, milliseconds))
                {
                    return Count <= _laidAside;
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

    /// <summary>Takes the guest's memory from all. The caller holds the lock. See <see cref="Memory.FileMapping.TryCutOff"/>.</summary>
    internal bool TryCutOff()
    {
        bool all = true;
        foreach (RequestChain chain in _chains)
        {
            all &= chain.HeldMemory!.TryCutOff();
        }

        return all;
    }

    /// <summary>Ends a rest. False when there was none.</summary>
    internal bool TryEndRest()
    {
        bool wasAtRest = _isAtRest;
        _isAtRest = false;
        return wasAtRest;
    }
}
