namespace VirtioFs.Fuse.Budgets;

/// <summary>What one share holds of a <see cref="ProcessBudget"/>. All members can be used from any thread.</summary>
internal sealed class ShareBudget : IDisposable
{
    private readonly ProcessBudget _process;
    private readonly long _most;
    private readonly long _promised;
    private readonly int _standing;
    private long _held;
    private bool _ended;

    internal ShareBudget(ProcessBudget process, long most, long promised, int standing)
    {
        (_process, _most, _promised, _standing) = (process, most + standing, promised, standing);
        while (Held < standing)
        {
            Take();
        }
    }

    /// <summary>How many the share holds.</summary>
    internal int Held => (int)Volatile.Read(ref _held);

    /// <summary>Whether one more may be held. Another thread may be faster.</summary>
    internal bool HasRoom
    {
        get
        {
            long held = Volatile.Read(ref _held);
            return held < _most && (held < _promised || _process.HasRoom);
        }
    }

    /// <summary>Takes some more. False, and nothing is taken, when there is no room for them.</summary>
    internal bool TryTake(int count = 1)
    {
        long held = Volatile.Read(ref _held);
        while (held + count <= _most)
        {
            long spent = BeyondPromise(held + count) - BeyondPromise(held);
            if (spent > 0 && !_process.TrySpend(spent))
            {
                return false;
            }

            long found = Interlocked.CompareExchange(ref _held, held + count, held);
            if (found == held)
            {
                return true;
            }

            _process.GiveBack(spent);
            held = found;
        }

        return false;
    }

    /// <summary>Takes one more, whether there is room or not: for what exists already.</summary>
    internal void Take()
    {
        if (Interlocked.Increment(ref _held) > _promised)
        {
            _process.Spend(1);
        }
    }

    /// <summary>Gives some back.</summary>
    internal void Give(int count = 1)
    {
        long held = Interlocked.Add(ref _held, -count);
        long spent = BeyondPromise(held + count) - BeyondPromise(held);
        if (spent > 0)
        {
            _process.GiveBack(spent);
        }
    }

    /// <summary>Ends the promise. Nothing is held any more but what stands.</summary>
    public void Dispose()
    {
        if (!Interlocked.Exchange(ref _ended, true))
        {
            Give(_standing);
            _process.GiveBack(_promised);
        }
    }

    private long BeyondPromise(long held) => Math.Max(0, held - _promised);
}
