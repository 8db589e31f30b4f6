using VirtioFs.Linux;

namespace VirtioFs.Fuse.Locks;

/// <summary>Who waits, and whom a release lets go on.</summary>
internal sealed partial class LockTable
{
    private readonly Dictionary<ulong, LockWait> _waits = [];
    private readonly Dictionary<ulong, LockedFile> _flockWaits = [];
    private readonly LockGraph _graph = new();

    // Counts what may close a circle: new waiters, and locks that are taken.
    private long _changes;

    /// <summary>Raised after something was given up that requests wait for, on the thread that gave it up and outside of all locks.</summary>
    internal event Action<LockRelease>? Released;

    /// <summary>A request waits no more. One that goes on by the same number all the same is to try again.</summary>
    internal void Abandon(ulong unique)
    {
        bool hasWaited;
        lock (_lock)
        {
            hasWaited = EndWait(unique) | EndFlockWait(unique);
        }

        if (hasWaited)
        {
            Tell(new LockRelease([unique], []));
        }
    }

    /// <summary>
    /// Notes that a request waits for a lock of flock(2), which the host keeps, before that is tried. False where there are too many that
    /// wait. It ends with <see cref="EndFlockWait"/> or <see cref="Abandon"/>.
    /// </summary>
    internal bool TryAwaitFlock(ulong node, ulong unique)
    {
        lock (_lock)
        {
            if (_flockWaits.ContainsKey(unique))
            {
                return true;
            }

            if (!records.TryTake())
            {
                return false;
            }

            LockedFile file = Know(_files, node, static number => new LockedFile(number));
            _flockWaits.Add(unique, file);
            return file.FlockWaits.Add(unique);
        }
    }

    /// <inheritdoc cref="TryAwaitFlock"/>
    internal bool EndFlockWait(ulong unique)
    {
        lock (_lock)
        {
            if (!_flockWaits.Remove(unique, out LockedFile? file))
            {
                return false;
            }

            records.Give();
            _ = file.FlockWaits.Remove(unique);
            ForgetIdle(file);
            return true;
        }
    }

    /// <summary>Lets those try again who wait for a file's lock of flock(2).</summary>
    internal void NotifyFlockReleased(ulong node)
    {
        ulong[] waiting;
        lock (_lock)
        {
            waiting = [.. _files.GetValueOrDefault(node)?.FlockWaits ?? []];
        }

        // A writer is in all others' way; who it is, the host decides.
        Tell(new LockRelease([.. waiting.Take(1)], [.. waiting.Skip(1)]));
    }

    private int Await(ulong unique, LockOwner owner, LockedFile file, in LockRange wanted, bool isOwn)
    {
        if (!_waits.TryGetValue(unique, out LockWait? wait))
        {
            if (!records.TryTake())
            {
                return -Errno.ENOLCK;
            }

            wait = new LockWait(unique, owner, file, wanted);
            _waits.Add(unique, wait);
            owner.Waits.Add(wait);
            file.Awaited.Add(wanted, wait);
            _changes++;
        }

        wait.AwaitsRelease = isOwn;
        if (wait.SearchedAt == _changes || !_graph.ClosesCircle(wait))
        {
            wait.SearchedAt = _changes;
            return isOwn ? FileSystemResult.WouldWaitForRelease : FileSystemResult.WouldWait;
        }

        _ = EndWait(unique);
        return -Errno.EDEADLK;
    }

    private bool EndWait(ulong unique)
    {
        if (!_waits.Remove(unique, out LockWait? wait))
        {
            return false;
        }

        records.Give();
        _ = wait.Owner.Waits.Remove(wait);
        wait.File.Awaited.Remove(wait.Wanted, wait);
        ForgetIdle(wait.Owner);
        ForgetIdle(wait.File);
        return true;
    }

    /// <summary>
    /// Those who waited for a range that an owner has given up and that nobody else of this guest holds against them. Of several that are in
    /// each other's way, only the first can have it. The caller holds the table's lock.
    /// </summary>
    private static LockRelease? FindNext(LockedFile file, LockOwner owner, in LockRange released)
    {
        if (file.Awaited.IsEmpty)
        {
            return null;
        }

        List<LockParty> found = [];
        file.Awaited.CollectConflicts(released with { IsWrite = true }, owner, found);
        found.Sort(static (one, other) => one.Serial.CompareTo(other.Serial));
        List<ulong> next = [], others = [];
        RangeIndex taken = new();
        foreach (LockWait wait in found.Cast<LockWait>())
        {
            if (!wait.AwaitsRelease || file.Held.FindConflict(wait.Wanted, wait.Owner) is not null)
            {
                continue;
            }

            bool isFree = taken.FindConflict(wait.Wanted, wait.Owner) is null;
            (isFree ? next : others).Add(wait.Unique);
            if (isFree)
            {
                taken.Add(wait.Wanted, wait);
            }
        }

        return next.Count > 0 ? new LockRelease(next, others) : null;
    }

    private void Tell(LockRelease? release)
    {
        if (release is { Next.Count: > 0 })
        {
            Released?.Invoke(release);
        }
    }
}
