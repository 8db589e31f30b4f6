namespace VirtioFs.Fuse.Locks;

/// <summary>
/// Finds circles of owners that wait for each other, which the host's kernel does not look for in locks of open file descriptions. It
/// goes from waiter to waiter without recursion, and looks at so many ranges at most: chains of all the waiters that a share can have are
/// followed to their end, and only a guest that makes thousands wait for thousands each is left to wait in a circle (Linux itself looks
/// ten waiters far, <c>MAX_DEADLK_ITERATIONS</c>, <c>fs/locks.c</c>).
/// </summary>
internal sealed class LockGraph
{
    private const int MostSteps = 1 << 18;
    private const int MostRangesLookedAt = 64;

    private readonly Stack<LockWait> _pending = new();
    private readonly List<LockOwner> _found = [];
    private long _search;

    /// <summary>Whether those who hold what is wanted wait, over any number of steps, for the one who wants it.</summary>
    internal bool ClosesCircle(LockWait wait)
    {
        if (!MayBeAwaited(wait.Owner))
        {
            return false;
        }

        int steps = MostSteps;
        _search++;
        _pending.Clear();
        _pending.Push(wait);
        while (steps > 0 && _pending.TryPop(out LockWait? next))
        {
            _found.Clear();
            next.File.Held.CollectConflicts(next.Wanted, next.Owner, _found, ref steps);
            foreach (LockOwner holder in _found)
            {
                if (holder == wait.Owner)
                {
                    return true;
                }

                if (holder.LastSearch != _search)
                {
                    holder.LastSearch = _search;
                    holder.Waits.ForEach(_pending.Push);
                }
            }
        }

        return false;
    }

    /// <summary>Whether anybody waits for what an owner holds. Where that is too much to look at, it is taken for granted.</summary>
    private static bool MayBeAwaited(LockOwner owner)
    {
        int looked = 0;
        foreach (HeldLocks held in owner.Held)
        {
            foreach (LockRange range in held.Ranges)
            {
                if (++looked > MostRangesLookedAt || held.File.Awaited.FindConflict(range, owner) is not null)
                {
                    return true;
                }
            }
        }

        return false;
    }
}
