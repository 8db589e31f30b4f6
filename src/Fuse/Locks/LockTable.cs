using System.Runtime.InteropServices;
using VirtioFs.Fuse.Budgets;
using VirtioFs.Fuse.Inspection;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Locks;

/// <summary>
/// POSIX locks of a guest's processes as locks on the host's files. Each owner has an open file description of its own for each
/// file it locks, so owners are kept apart on the host as they are in the guest. Everything in here is found by owner, by file, by handle
/// or by range, so that no request costs much more than the logarithm of what there is.
/// </summary>
/// <remarks>
/// The host may take its time for a file, or hang. So it is asked by who has the file's turn (<see cref="LockedFile.Turn"/>), and never
/// under the table's lock, which guards what is noted.
/// </remarks>
/// <param name="descriptors">The share's descriptors, of which each owner takes one for each file that it locks.</param>
/// <param name="records">The share's ranges, held and waited for.</param>
internal sealed partial class LockTable(ShareBudget descriptors, ShareBudget records) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, LockedFile> _files = [];
    private readonly Dictionary<ulong, LockOwner> _owners = [];
    private readonly Dictionary<(ulong Node, ulong Owner), HeldLocks> _held = [];
    private readonly Dictionary<ulong, List<HeldLocks>> _handles = [];
    private int _descriptors;

    /// <summary>Descriptors that hold locks.</summary>
    internal int Descriptors => Volatile.Read(ref _descriptors);

    /// <summary>Takes a lock, or answers EAGAIN; EDEADLK when waiting for it would never end; ENOLCK when there are too many.</summary>
    /// <param name="node">The file.</param>
    /// <param name="owner">Who wants it.</param>
    /// <param name="handle">The guest's open file through which it is asked for.</param>
    /// <param name="wanted">What.</param>
    /// <param name="unique">The request's number when it is willing to wait, else 0. EINVAL where a request with another wish waits by it.</param>
    /// <param name="open">Opens the file anew, for writing or for reading; a negated error number when it cannot.</param>
    internal int Take(ulong node, ulong owner, ulong handle, LockRange wanted, ulong unique, Func<bool, int> open)
    {
        LockRelease? release = null;
        int result;
        using (FileTurn turn = new(this, node, owner))
        {
            result = Take(turn.File, turn.Owner, handle, wanted, unique, open, ref release);
        }

        Tell(release);
        return result;
    }

    /// <summary>Gives a range up, as far as the owner holds it. ENOLCK when what is left of it would be too many.</summary>
    internal int GiveUp(ulong node, ulong owner, LockRange range)
    {
        if (!Holds(node, owner))
        {
            return 0;
        }

        LockRelease? release;
        using (FileTurn turn = new(this, node, owner))
        {
            int result = GiveUp(turn.File, turn.Owner, range, out release);
            if (result < 0)
            {
                return result;
            }
        }

        Tell(release);
        return 0;
    }

    /// <summary>Gives up all that an owner holds of a file, as closing it does (POSIX, close).</summary>
    internal void GiveUpAll(ulong node, ulong owner)
    {
        if (Descriptors == 0 || !Holds(node, owner))
        {
            return;
        }

        LockRelease? release;
        using (FileTurn turn = new(this, node, owner))
        {
            release = Drop(turn.File, turn.Owner, null);
        }

        Tell(release);
    }

    /// <summary>
    /// Gives up what is left of locks that were taken through an open file which is no more. A process gives its own up when it
    /// closes the file; a guest's open file description (fcntl(2), "Open file description locks") never says that it does.
    /// </summary>
    internal void GiveUpAllOf(ulong handle)
    {
        while (Descriptors != 0 && FindUser(handle) is (ulong node, ulong owner))
        {
            LockRelease? release;
            using (FileTurn turn = new(this, node, owner))
            {
                release = Drop(turn.File, turn.Owner, handle);
            }

            Tell(release);
        }
    }

    /// <summary>Finds what is in the way of a lock.</summary>
    /// <param name="node">The file.</param>
    /// <param name="owner">Who asks.</param>
    /// <param name="wanted">What it would take.</param>
    /// <param name="descriptor">The file, as the guest has it open.</param>
    /// <param name="found">What is in the way; its process is 0 when it is not of this guest. Null when nothing is.</param>
    internal int Test(ulong node, ulong owner, LockRange wanted, int descriptor, out LockRange? found)
    {
        bool holdsSome;
        lock (_lock)
        {
            found = _files.GetValueOrDefault(node)?.Held.FindConflict(wanted, _owners.GetValueOrDefault(owner));
            holdsSome = _held.ContainsKey((node, owner));
        }

        if (found is not null)
        {
            return 0;
        }

        if (!holdsSome)
        {
            return TestOnHost(descriptor, wanted, out found);
        }

        // The owner's own locks on the host are in nobody's way who asks by the description that has them.
        using FileTurn turn = new(this, node, owner);
        return TestOnHost(Find(turn.File, turn.Owner)?.Descriptor ?? descriptor, wanted, out found);
    }

    /// <summary>Adds all that is held and waited for.</summary>
    internal void AddTo(List<SessionLock> locks)
    {
        lock (_lock)
        {
            foreach (HeldLocks held in _held.Values)
            {
                ulong[] handles = [.. held.Handles];
                foreach (LockRange range in held.Ranges)
                {
                    locks.Add(Describe(held, range, handles, isHeld: true));
                }
            }

            foreach (LockWait wait in _waits.Values)
            {
                locks.Add(Describe(wait, wait.Wanted, [], isHeld: false));
            }
        }
    }

    /// <summary>Gives everything up. A file that the host is being asked about is let go of by who asks.</summary>
    internal void Clear()
    {
        List<HeldLocks> ended = [];
        ulong[] waiting;
        lock (_lock)
        {
            waiting = [.. _waits.Keys, .. _flockWaits.Keys];
            foreach (HeldLocks held in _held.Values)
            {
                records.Give(held.Records);
                (held.File.Users > 0 ? held.File.Ended : ended).Add(held);
            }

            foreach (LockedFile file in _files.Values)
            {
                file.IsOver = true;
            }

            records.Give(waiting.Length);
            Forget(_files);
            Forget(_owners);
            Forget(_held);
            Forget(_handles);
            Forget(_waits);
            Forget(_flockWaits);
        }

        ended.ForEach(Close);
        Tell(new LockRelease(waiting, []));
    }

    public void Dispose() => Clear();

    private int GiveUp(LockedFile file, LockOwner owner, in LockRange range, out LockRelease? release)
    {
        release = null;
        if (Find(file, owner) is not HeldLocks held)
        {
            return 0;
        }

        LockChange change = held.PlanGivingUp(range);
        int result = ChangeOnHost(held, change.Growth, FileLocks.Unlock, range);
        if (result < 0)
        {
            return result;
        }

        bool isLast;
        lock (_lock)
        {
            if (!TryNote(held, change, change.Growth))
            {
                return 0;
            }

            isLast = !held.HoldsAny;
            if (isLast)
            {
                Remove(held);
            }

            release = FindNext(file, owner, range);
        }

        if (isLast)
        {
            Close(held);
        }

        return 0;
    }

    /// <summary>Gives up all that an owner holds of a file, or, with a handle, all of it if some was taken through that.</summary>
    private LockRelease? Drop(LockedFile file, LockOwner owner, ulong? handle)
    {
        LockRelease? release = null;
        HeldLocks? held;
        lock (_lock)
        {
            held = file.IsOver ? null : _held.GetValueOrDefault((file.Node, owner.Number));
            if (held is null || (handle is ulong number && !held.Handles.Contains(number)))
            {
                return null;
            }

            LockRange? hull = held.Hull;
            Remove(held);
            release = hull is LockRange range ? FindNext(file, owner, range) : null;
        }

        Close(held);
        return release;
    }

    private bool Holds(ulong node, ulong owner)
    {
        lock (_lock)
        {
            return _held.ContainsKey((node, owner));
        }
    }

    private HeldLocks? Find(LockedFile file, LockOwner owner)
    {
        lock (_lock)
        {
            return file.IsOver ? null : _held.GetValueOrDefault((file.Node, owner.Number));
        }
    }

    private (ulong Node, ulong Owner)? FindUser(ulong handle)
    {
        lock (_lock)
        {
            return _handles.TryGetValue(handle, out List<HeldLocks>? users) ? (users[^1].File.Node, users[^1].Owner.Number) : null;
        }
    }

    // What is noted. The caller holds the table's lock.

    private void Add(HeldLocks held, ulong handle)
    {
        if (_held.TryAdd((held.File.Node, held.Owner.Number), held))
        {
            held.Owner.Held.Add(held);
            descriptors.Take();
            _ = Interlocked.Increment(ref _descriptors);
        }

        if (!held.Handles.Contains(handle))
        {
            held.Handles.Add(handle);
            Know(_handles, handle, static _ => []).Add(held);
        }
    }

    private void Remove(HeldLocks held)
    {
        records.Give(held.Records);
        held.Forget();
        _ = _held.Remove((held.File.Node, held.Owner.Number));
        _ = held.Owner.Held.Remove(held);
        foreach (ulong handle in held.Handles)
        {
            if (_handles.TryGetValue(handle, out List<HeldLocks>? users) && users.Remove(held) && users.Count == 0)
            {
                _ = _handles.Remove(handle);
            }
        }
    }

    private void ForgetIdle(LockOwner owner)
    {
        if (owner.IsIdle && _owners.GetValueOrDefault(owner.Number) == owner)
        {
            _ = _owners.Remove(owner.Number);
        }
    }

    private void ForgetIdle(LockedFile file)
    {
        if (file.IsIdle && _files.GetValueOrDefault(file.Node) == file)
        {
            _ = _files.Remove(file.Node);
        }
    }

    private static SessionLock Describe(LockParty party, in LockRange range, ulong[] handles, bool isHeld) => new(
        SessionLockKind.Posix, party.File.Node, handles, party.Owner.Number, range.ProcessId, range.IsWrite, isHeld, range.Start, range.End);

    private static T Know<T>(Dictionary<ulong, T> known, ulong number, Func<ulong, T> create) where T : class
    {
        ref T? entry = ref CollectionsMarshal.GetValueRefOrAddDefault(known, number, out _);
        return entry ??= create(number);
    }

    /// <summary>Empties a table; what a guest at its bounds made it grow to is given back.</summary>
    private static void Forget<TKey, TValue>(Dictionary<TKey, TValue> known) where TKey : notnull
    {
        known.Clear();
        known.TrimExcess();
    }
}
