using System.Runtime.InteropServices;
using VirtioFs.Fuse.Inspection;
using VirtioFs.Linux;

namespace VirtioFs.Fuse;

/// <summary>
/// POSIX locks of a guest's processes as locks on the host's files. Each owner has an open file description of its own for each
/// file it locks, so owners are kept apart on the host as they are in the guest. Everything in here is found by owner, by file, by handle
/// or by range, so that no request costs much more than the logarithm of what there is.
/// </summary>
/// <param name="descriptors">The share's descriptors, of which each owner takes one for each file that it locks.</param>
/// <param name="records">The share's ranges, held and waited for.</param>
internal sealed partial class LockTable(ShareBudget descriptors, ShareBudget records) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, LockedFile> _files = [];
    private readonly Dictionary<ulong, LockOwner> _owners = [];
    private readonly Dictionary<(ulong Node, ulong Owner), HeldLocks> _held = [];
    private readonly Dictionary<ulong, List<HeldLocks>> _handles = [];
    private readonly Dictionary<ulong, LockWait> _waits = [];
    private readonly LockGraph _graph = new();
    private int _descriptors;

    // Counts what may close a circle: new waiters, and locks that are taken.
    private long _changes;

    /// <summary>Raised after a lock was given up: who waits may try again. Comes on the thread that gave it up.</summary>
    internal event Action? Released;

    /// <summary>Descriptors that hold locks.</summary>
    internal int Descriptors => Volatile.Read(ref _descriptors);

    /// <summary>Takes a lock, or answers EAGAIN; EDEADLK when waiting for it would never end; ENOLCK when there are too many.</summary>
    /// <param name="node">The file.</param>
    /// <param name="owner">Who wants it.</param>
    /// <param name="handle">The guest's open file through which it is asked for.</param>
    /// <param name="wanted">What.</param>
    /// <param name="unique">The request's number when it is willing to wait, else 0.</param>
    /// <param name="open">Opens the file anew, for writing or for reading; a negated error number when it cannot.</param>
    internal int Take(ulong node, ulong owner, ulong handle, LockRange wanted, ulong unique, Func<bool, int> open)
    {
        int result;
        bool gaveUp = false;
        lock (_lock)
        {
            if (_waits.TryGetValue(unique, out LockWait? former) && !former.Is(node, owner, wanted))
            {
                EndWait(unique);
            }

            LockedFile file = Know(_files, node, static number => new LockedFile(number));
            LockOwner who = Know(_owners, owner, static number => new LockOwner(number));

            // What others of this guest hold is known without asking the host.
            bool isOwn = file.Held.FindConflict(wanted, who) is not null;
            result = isOwn ? -Errno.EAGAIN : TakeOnHost(file, who, handle, wanted, open, out gaveUp);
            if (result == -Errno.EAGAIN && unique != 0)
            {
                result = Await(unique, who, file, wanted);
                result = isOwn && result == FileSystemResult.WouldWait ? FileSystemResult.WouldWaitForRelease : result;
            }
            else
            {
                EndWait(unique);
            }

            ForgetIdle(who, file);
        }

        if (gaveUp)
        {
            Released?.Invoke();
        }

        return result;
    }

    /// <summary>Gives a range up, as far as the owner holds it. ENOLCK when what is left of it would be too many.</summary>
    internal int GiveUp(ulong node, ulong owner, LockRange range)
    {
        lock (_lock)
        {
            if (!_held.TryGetValue((node, owner), out HeldLocks? held))
            {
                return 0;
            }

            LockChange change = held.PlanGivingUp(range);
            int result = Change(held, change, change.Growth, FileLocks.Unlock, range);
            if (result < 0)
            {
                return result;
            }

            if (!held.HoldsAny)
            {
                Remove(held);
            }
        }

        Released?.Invoke();
        return 0;
    }

    /// <summary>Gives up all that an owner holds of a file, as closing it does (POSIX, close).</summary>
    internal void GiveUpAll(ulong node, ulong owner)
    {
        if (Descriptors == 0)
        {
            return;
        }

        lock (_lock)
        {
            if (!_held.TryGetValue((node, owner), out HeldLocks? held))
            {
                return;
            }

            Remove(held);
        }

        Released?.Invoke();
    }

    /// <summary>
    /// Gives up what is left of locks that were taken through an open file which is no more. A process gives its own up when it
    /// closes the file; a guest's open file description (fcntl(2), "Open file description locks") never says that it does.
    /// </summary>
    internal void GiveUpAllOf(ulong handle)
    {
        if (Descriptors == 0)
        {
            return;
        }

        lock (_lock)
        {
            if (!_handles.Remove(handle, out List<HeldLocks>? users))
            {
                return;
            }

            users.ForEach(Remove);
        }

        Released?.Invoke();
    }

    /// <summary>Finds what is in the way of a lock.</summary>
    /// <param name="node">The file.</param>
    /// <param name="owner">Who asks.</param>
    /// <param name="wanted">What it would take.</param>
    /// <param name="descriptor">The file, as the guest has it open.</param>
    /// <param name="found">What is in the way; its process is 0 when it is not of this guest. Null when nothing is.</param>
    internal int Test(ulong node, ulong owner, LockRange wanted, int descriptor, out LockRange? found)
    {
        lock (_lock)
        {
            found = _files.GetValueOrDefault(node)?.Held.FindConflict(wanted, _owners.GetValueOrDefault(owner));
            if (found is not null)
            {
                return 0;
            }

            short type = wanted.IsWrite ? FileLocks.Write : FileLocks.Read;
            long start = wanted.Start, length = wanted.HostLength;
            int own = _held.TryGetValue((node, owner), out HeldLocks? mine) ? mine.Descriptor : descriptor;
            int result = FileLocks.Get(own, ref type, ref start, ref length);
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
            EndWait(unique);
        }
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

    /// <summary>Gives everything up.</summary>
    internal void Clear()
    {
        lock (_lock)
        {
            foreach (HeldLocks held in _held.Values)
            {
                records.Give(held.Records);
                held.Dispose();
            }

            records.Give(_waits.Count);
            descriptors.Give(_held.Count);
            Volatile.Write(ref _descriptors, 0);
            _files.Clear();
            _owners.Clear();
            _held.Clear();
            _handles.Clear();
            _waits.Clear();

            // What a guest at its bounds made them grow to is given back.
            _files.TrimExcess();
            _owners.TrimExcess();
            _held.TrimExcess();
            _handles.TrimExcess();
            _waits.TrimExcess();
        }

        Released?.Invoke();
    }

    public void Dispose() => Clear();

    private void Add(HeldLocks held)
    {
        _held.Add((held.File.Node, held.Owner.Number), held);
        held.Owner.Held.Add(held);
        descriptors.Take();
        Volatile.Write(ref _descriptors, _descriptors + 1);
    }

    private void Remove(HeldLocks held)
    {
        records.Give(held.Records);
        held.Dispose();
        _ = _held.Remove((held.File.Node, held.Owner.Number));
        _ = held.Owner.Held.Remove(held);
        foreach (ulong handle in held.Handles)
        {
            if (_handles.TryGetValue(handle, out List<HeldLocks>? users) && users.Remove(held) && users.Count == 0)
            {
                _ = _handles.Remove(handle);
            }
        }

        descriptors.Give();
        Volatile.Write(ref _descriptors, _descriptors - 1);
        ForgetIdle(held.Owner, held.File);
    }

    private void ForgetIdle(LockOwner owner, LockedFile file)
    {
        if (owner.IsIdle)
        {
            _ = _owners.Remove(owner.Number);
        }

        if (file.IsIdle)
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
}
