using VirtioFs.Linux;

namespace VirtioFs.Fuse;

/// <summary>What is done on the host, and who waits.</summary>
internal sealed partial class LockTable
{
    /// <summary>Takes a lock from the host. <paramref name="gaveUp"/> where a reader's lock took the place of a writer's, which lets readers in.</summary>
    private int TakeOnHost(LockedFile file, LockOwner owner, ulong handle, in LockRange wanted, Func<bool, int> open, out bool gaveUp)
    {
        gaveUp = false;
        bool isKnown = _held.TryGetValue((file.Node, owner.Number), out HeldLocks? held);
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

        bool isNewHandle = !held.Handles.Contains(handle);
        LockChange change = held.PlanTaking(wanted);
        bool mayGiveUp = !wanted.IsWrite && held.HasWriter(change);
        int growth = change.Growth + (isNewHandle && held.Handles.Count > 0 ? 1 : 0);
        int result = Change(held, change, growth, wanted.IsWrite ? FileLocks.Write : FileLocks.Read, wanted);
        if (result < 0)
        {
            if (!isKnown)
            {
                held.Dispose();
            }

            return result == -Errno.EACCES ? -Errno.EAGAIN : result;
        }

        gaveUp = mayGiveUp;
        if (!isKnown)
        {
            Add(held);
        }

        if (isNewHandle)
        {
            held.Handles.Add(handle);
            Know(_handles, handle, static _ => []).Add(held);
        }

        return 0;
    }

    /// <summary>Changes the host's lock, and notes it, if there is room for the note.</summary>
    private int Change(HeldLocks held, in LockChange change, int growth, short type, in LockRange range)
    {
        if (growth > 0 && !records.TryTake(growth))
        {
            return -Errno.ENOLCK;
        }

        int result = FileLocks.Set(held.Descriptor, type, range.Start, range.HostLength);
        if (result < 0)
        {
            records.Give(Math.Max(0, growth));
            return result;
        }

        held.Apply(change);
        _changes++;
        records.Give(Math.Max(0, -growth));
        return 0;
    }

    private int Await(ulong unique, LockOwner owner, LockedFile file, in LockRange wanted)
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

        if (wait.SearchedAt == _changes || !_graph.ClosesCircle(wait))
        {
            wait.SearchedAt = _changes;
            return FileSystemResult.WouldWait;
        }

        EndWait(unique);
        return -Errno.EDEADLK;
    }

    private void EndWait(ulong unique)
    {
        if (!_waits.Remove(unique, out LockWait? wait))
        {
            return;
        }

        records.Give();
        _ = wait.Owner.Waits.Remove(wait);
        wait.File.Awaited.Remove(wait.Wanted, wait);
        ForgetIdle(wait.Owner, wait.File);
    }
}
