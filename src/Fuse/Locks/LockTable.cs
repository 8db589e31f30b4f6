using VirtioFs.Linux;

namespace VirtioFs.Fuse;

/// <summary>
/// POSIX locks of a guest's processes as locks on the host's files. Each owner has an open file description of its own for each
/// file it locks, so owners are kept apart on the host as they are in the guest.
/// </summary>
internal sealed class LockTable : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, List<LockOwner>> _files = [];
    private readonly Dictionary<ulong, Wait> _waits = [];
    private int _descriptors;

    /// <summary>Raised after a lock was given up: who waits may try again. Comes on the thread that gave it up.</summary>
    internal event Action? Released;

    /// <summary>Descriptors that hold locks.</summary>
    internal int Descriptors => Volatile.Read(ref _descriptors);

    /// <summary>Takes a lock, or answers EAGAIN, or EDEADLK when waiting for it would never end.</summary>
    /// <param name="node">The file.</param>
    /// <param name="owner">Who wants it.</param>
    /// <param name="handle">The guest's open file through which it is asked for.</param>
    /// <param name="wanted">What.</param>
    /// <param name="unique">The request's number when it is willing to wait, else 0.</param>
    /// <param name="open">Opens the file anew; a negated error number when it cannot.</param>
    internal int Take(ulong node, ulong owner, ulong handle, LockRange wanted, ulong unique, Func<int> open)
    {
        lock (_lock)
        {
            _ = _waits.Remove(unique);
            LockOwner? mine = Find(node, owner);
            bool isNew = mine is null;
            if (mine is null)
            {
                int descriptor = open();
                if (descriptor < 0)
                {
                    return descriptor;
                }

                mine = new LockOwner(owner, descriptor);
            }

            int result = mine.Take(wanted, handle);
            if (result == 0)
            {
                if (isNew)
                {
                    Add(node, mine);
                }

                return 0;
            }

            if (isNew)
            {
                mine.Dispose();
            }

            if (result is not (-Errno.EAGAIN or -Errno.EACCES) || unique == 0)
            {
                return result == -Errno.EACCES ? -Errno.EAGAIN : result;
            }

            Wait wait = new(node, owner, wanted);
            if (WouldWaitForItself(owner, wait, []))
            {
                return -Errno.EDEADLK;
            }

            _waits[unique] = wait;
            return FileSystemResult.WouldWait;
        }
    }

    /// <summary>Gives a range up, as far as the owner holds it.</summary>
    internal int GiveUp(ulong node, ulong owner, LockRange range)
    {
        int result;
        lock (_lock)
        {
            LockOwner? mine = Find(node, owner);
            if (mine is null)
            {
                return 0;
            }

            result = mine.GiveUp(range);
            if (!mine.HoldsAny)
            {
                Remove(node, mine);
            }
        }

        Released?.Invoke();
        return result;
    }

    /// <summary>Gives up all that an owner holds of a file, as closing it does (POSIX, close).</summary>
    internal void GiveUpAll(ulong node, ulong owner) => RemoveAll(node, owner, static (candidate, number) => candidate.Owner == number);

    /// <summary>
    /// Gives up what is left of locks that were taken through an open file which is no more. A process gives its own up when it
    /// closes the file; a guest's open file description (fcntl(2), "Open file description locks") never says that it does.
    /// </summary>
    internal void GiveUpAllOf(ulong node, ulong handle) => RemoveAll(node, handle, static (candidate, number) => candidate.HasUsed(number));

    /// <summary>Finds what is in the way of a lock.</summary>
    /// <param name="node">The file.</param>
    /// <param name="owner">Who asks.</param>
    /// <param name="wanted">What it would take.</param>
    /// <param name="open">Opens the file anew; a negated error number when it cannot.</param>
    /// <param name="found">What is in the way; its process is 0 when it is not of this guest. Null when nothing is.</param>
    internal int Test(ulong node, ulong owner, LockRange wanted, Func<int> open, out LockRange? found)
    {
        found = null;
        lock (_lock)
        {
            foreach (LockOwner other in OwnersOf(node))
            {
                if (other.Owner != owner && other.Conflict(wanted) is LockRange held)
                {
                    found = held;
                    return 0;
                }
            }

            LockOwner? mine = Find(node, owner);
            int descriptor = mine?.Descriptor ?? open();
            if (descriptor < 0)
            {
                return descriptor;
            }

            short type = wanted.IsWrite ? FileLocks.Write : FileLocks.Read;
            long start = wanted.Start, length = wanted.HostLength;
            int result = FileLocks.Get(descriptor, ref type, ref start, ref length);
            if (mine is null)
            {
                FileDescriptor.Close(descriptor);
            }

            if (result == 0 && type != FileLocks.Unlock)
            {
                found = new LockRange(start, length == 0 ? long.MaxValue : start + length - 1, type == FileLocks.Write, 0);
            }

            return result;
        }
    }

    /// <summary>Lets those who wait for a lock that is not kept here try again.</summary>
    internal void NotifyReleased() => Released?.Invoke();

    /// <summary>A request waits no more.</summary>
    internal void Abandon(ulong unique)
    {
        lock (_lock)
        {
            _ = _waits.Remove(unique);
        }
    }

    /// <summary>Gives everything up.</summary>
    internal void Clear()
    {
        lock (_lock)
        {
            foreach (LockOwner owner in _files.Values.SelectMany(owners => owners))
            {
                owner.Dispose();
            }

            _files.Clear();
            _waits.Clear();
            Volatile.Write(ref _descriptors, 0);
        }

        Released?.Invoke();
    }

    public void Dispose() => Clear();

    private List<LockOwner> OwnersOf(ulong node) => _files.GetValueOrDefault(node) ?? [];

    private LockOwner? Find(ulong node, ulong owner) => OwnersOf(node).Find(candidate => candidate.Owner == owner);

    private void Add(ulong node, LockOwner owner)
    {
        if (!_files.TryGetValue(node, out List<LockOwner>? owners))
        {
            _files.Add(node, owners = []);
        }

        owners.Add(owner);
        Volatile.Write(ref _descriptors, _descriptors + 1);
    }

    private void Remove(ulong node, LockOwner owner)
    {
        List<LockOwner> owners = _files[node];
        _ = owners.Remove(owner);
        if (owners.Count == 0)
        {
            _ = _files.Remove(node);
        }

        owner.Dispose();
        Volatile.Write(ref _descriptors, _descriptors - 1);
    }

    private void RemoveAll(ulong node, ulong number, Func<LockOwner, ulong, bool> isMeant)
    {
        if (Descriptors == 0)
        {
            return;
        }

        bool any = false;
        lock (_lock)
        {
            List<LockOwner> owners = OwnersOf(node);
            for (int i = owners.Count - 1; i >= 0; i--)
            {
                if (isMeant(owners[i], number))
                {
                    Remove(node, owners[i]);
                    any = true;
                }
            }
        }

        if (any)
        {
            Released?.Invoke();
        }
    }

    /// <summary>Whether those who hold what is wanted wait, over any number of steps, for the one who wants it.</summary>
    private bool WouldWaitForItself(ulong first, Wait wait, HashSet<ulong> seen)
    {
        foreach (LockOwner holder in OwnersOf(wait.Node))
        {
            if (holder.Owner == wait.Owner || holder.Conflict(wait.Wanted) is null)
            {
                continue;
            }

            if (holder.Owner == first)
            {
                return true;
            }

            if (!seen.Add(holder.Owner))
            {
                continue;
            }

            foreach (Wait next in _waits.Values)
            {
                if (next.Owner == holder.Owner && WouldWaitForItself(first, next, seen))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>A request that waits.</summary>
    private sealed record Wait(ulong Node, ulong Owner, LockRange Wanted);
}
