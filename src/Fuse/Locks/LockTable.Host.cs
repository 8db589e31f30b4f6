using VirtioFs.Linux;

namespace VirtioFs.Fuse.Locks;

/// <summary>What the host is asked for, by who has the file's turn and without the table's lock.</summary>
internal sealed partial class LockTable
{
    private int Take(
        LockedFile file, LockOwner owner, ulong handle, in LockRange wanted, ulong unique, Func<bool, int> open, ref LockRelease? release)
    {
        bool isOwn;
        lock (_lock)
        {
            if (file.IsOver)
            {
                return -Errno.EIO;
            }

            if (_waits.TryGetValue(unique, out LockWait? former) && !former.Is(file.Node, owner.Number, wanted))
            {
                return -Errno.EINVAL;
            }

            // What others of this guest hold is known without asking the host.
            isOwn = file.Held.FindConflict(wanted, owner) is not null;
        }

        int result = isOwn ? -Errno.EAGAIN : TakeOnHost(file, owner, handle, wanted, open, ref release);
        lock (_lock)
        {
            if (file.IsOver)
            {
                return -Errno.EIO;
            }

            if (result == -Errno.EAGAIN && unique != 0)
            {
                return Await(unique, owner, file, wanted, isOwn);
            }

            EndWait(unique);
            return result;
        }
    }

    private int TakeOnHost(LockedFile file, LockOwner owner, ulong handle, in LockRange wanted, Func<bool, int> open, ref LockRelease? release)
    {
        HeldLocks? known = Find(file, owner);
        HeldLocks? held = known;
        if (held is null || (wanted.IsWrite && !held.MayWrite))
        {
            int descriptor = open(wanted.IsWrite);
            if (descriptor < 0)
            {
                return descriptor;
            }

            int moved = held?.MoveTo(descriptor) ?? 0;
            if (moved < 0)
            {
                return moved;
            }

            held ??= new HeldLocks(owner, file, descriptor, wanted.IsWrite);
        }

        LockChange change = held.PlanTaking(wanted);
        int growth = change.Growth + (held.Handles.Count > 0 && !held.Handles.Contains(handle) ? 1 : 0);
        int result = ChangeOnHost(held, growth, wanted.IsWrite ? FileLocks.Write : FileLocks.Read, wanted);
        if (result == 0)
        {
            lock (_lock)
            {
                bool letsReadersIn = !wanted.IsWrite && held.HasWriter(change);
                result = TryNote(held, change, growth) ? 0 : -Errno.EIO;
                if (result == 0)
                {
                    Add(held, handle);
                    release = letsReadersIn ? FindNext(file, owner, wanted) : null;
                }
            }
        }

        if (result < 0 && held != known)
        {
            held.Close();
        }

        return result == -Errno.EACCES ? -Errno.EAGAIN : result;
    }

    /// <summary>Changes the host's lock if there is room for the note of it, which <see cref="TryNote"/> is to make.</summary>
    private int ChangeOnHost(HeldLocks held, int growth, short type, in LockRange range)
    {
        if (growth > 0 && !records.TryTake(growth))
        {
            return -Errno.ENOLCK;
        }

        int result = FileLocks.Set(held.Descriptor, type, range.Start, range.HostLength);
        if (result < 0)
        {
            records.Give(Math.Max(0, growth));
        }

        return result;
    }

    /// <summary>Notes what the host has changed. False where the session ended meanwhile: then nothing is noted. The caller holds the table's lock.</summary>
    private bool TryNote(HeldLocks held, in LockChange change, int growth)
    {
        bool isOver = held.File.IsOver;
        if (!isOver)
        {
            held.Apply(change);
            _changes++;
        }

        records.Give(isOver ? Math.Max(0, growth) : Math.Max(0, -growth));
        return !isOver;
    }

    private static int TestOnHost(int descriptor, in LockRange wanted, out LockRange? found)
    {
        found = null;
        short type = wanted.IsWrite ? FileLocks.Write : FileLocks.Read;
        long start = wanted.Start, length = wanted.HostLength;
        int result = FileLocks.Get(descriptor, ref type, ref start, ref length);
        if (result == 0 && type != FileLocks.Unlock)
        {
            found = new LockRange(start, length == 0 ? long.MaxValue : start + length - 1, type == FileLocks.Write, 0);
        }

        return result;
    }

    private void Close(HeldLocks held)
    {
        held.Close();
        descriptors.Give();
        _ = Interlocked.Decrement(ref _descriptors);
    }

    /// <summary>
    /// A file's turn, for the time of one change of its locks: who comes next waits, also while the host is asked, but nobody does who is
    /// about another file.
    /// </summary>
    private readonly ref struct FileTurn
    {
        private readonly LockTable _table;

        internal FileTurn(LockTable table, ulong node, ulong owner)
        {
            _table = table;
            lock (table._lock)
            {
                File = Know(table._files, node, static number => new LockedFile(number));
                Owner = Know(table._owners, owner, static number => new LockOwner(number));
                File.Users++;
                Owner.Users++;
            }

            File.Turn.Enter();
        }

        internal LockedFile File { get; }

        internal LockOwner Owner { get; }

        public void Dispose()
        {
            File.Turn.Exit();
            HeldLocks[] ended = [];
            lock (_table._lock)
            {
                File.Users--;
                Owner.Users--;
                if (File is { IsOver: true, Users: 0 })
                {
                    ended = [.. File.Ended];
                }

                _table.ForgetIdle(Owner);
                _table.ForgetIdle(File);
            }

            Array.ForEach(ended, _table.Close);
        }
    }
}
