using VirtioFs.Fuse.Locks;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.Inodes;
using VirtioFs.Fuse.Passthrough.OpenFiles;
using VirtioFs.Fuse.Wire.Locks;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough;

/// <summary>Locks of fcntl(2) and flock(2).</summary>
public sealed unsafe partial class PassthroughFileSystem
{
    private readonly LockTable _locks;

    /// <inheritdoc/>
    public event Action<LockRelease>? WaitersMayProceed
    {
        add => _locks.Released += value;
        remove => _locks.Released -= value;
    }

    /// <inheritdoc/>
    public int GetLock(RequestContext request, ulong node, in LockIn arguments, out LockOut found)
    {
        found = default;
        int result = ReadRange(arguments, out LockRange wanted);
        if (result < 0)
        {
            return result;
        }

        if (_options.PosixLocks == LockScope.None)
        {
            return -Errno.ENOLCK;
        }

        LockRange? other = null;
        result = _open.Pin(arguments.Handle, node, isDirectory: false, out OpenFilePin file);
        using (file)
        {
            result = result < 0 ? result : _locks.Test(node, arguments.Owner, wanted, file.Descriptor, out other);
        }

        found.Lock = other is not LockRange held ? new FileLock { Type = (uint)FileLocks.Unlock } : new FileLock
        {
            Start = (ulong)held.Start,
            End = (ulong)held.End,
            Type = (uint)(held.IsWrite ? FileLocks.Write : FileLocks.Read),
            ProcessId = held.ProcessId,
        };
        return result;
    }

    /// <inheritdoc/>
    public int SetLock(RequestContext request, ulong node, in LockIn arguments, bool wait)
    {
        int result = SetLockOrWait(request, node, arguments, wait);
        if (wait && result is not (FileSystemResult.WouldWait or FileSystemResult.WouldWaitForRelease))
        {
            // Whatever it failed by the last time.
            _locks.Abandon(request.Unique);
        }

        return result;
    }

    /// <inheritdoc/>
    public void Abandon(ulong unique) => _locks.Abandon(unique);

    private int SetLockOrWait(RequestContext request, ulong node, in LockIn arguments, bool wait)
    {
        if ((arguments.LockFlags & LockIn.Flock) != 0)
        {
            return SetFlock(node, arguments, wait, request.Unique);
        }

        int result = ReadRange(arguments, out LockRange range);
        if (result < 0)
        {
            return result;
        }

        result = _open.Pin(arguments.Handle, node, isDirectory: false, out OpenFilePin file);
        using (file)
        {
            if (result < 0)
            {
                return result;
            }

            if (arguments.Lock.Type == (uint)FileLocks.Unlock)
            {
                return _locks.GiveUp(node, arguments.Owner, range);
            }

            if (_options.PosixLocks == LockScope.None)
            {
                return -Errno.ENOLCK;
            }

            result = CheckAccess(file.Descriptor, range);
            result = result < 0 ? result : AwaitCoherence(node);
            if (result < 0)
            {
                return result;
            }

            int descriptor = file.Descriptor;
            return _locks.Take(
                node, arguments.Owner, arguments.Handle, range, wait ? request.Unique : 0, writes => OpenForLocks(descriptor, writes));
        }
    }

    private int SetFlock(ulong node, in LockIn arguments, bool wait, ulong unique)
    {
        if (arguments.Lock.Type > (uint)FileLocks.Unlock)
        {
            return -Errno.EINVAL;
        }

        bool isUnlock = arguments.Lock.Type == (uint)FileLocks.Unlock;
        if (_options.Flock == LockScope.None && !isUnlock)
        {
            return -Errno.ENOLCK;
        }

        // A guest's open file is one of ours, and so are their locks.
        int result = isUnlock ? 0 : AwaitCoherence(node);
        if (result < 0)
        {
            return result;
        }

        // Who waits is noted before it tries, so that no release comes in between.
        bool waits = wait && !isUnlock;
        if (waits && !_locks.TryAwaitFlock(node, unique))
        {
            return -Errno.ENOLCK;
        }

        result = _open.Pin(arguments.Handle, node, out OpenFilePin file);
        using (file)
        {
            result = result < 0 ? result : FileLocks.Flock(file.Descriptor, (short)arguments.Lock.Type);
            if (result == 0)
            {
                file.File->FlockProcessId = arguments.Lock.ProcessId;
                file.File->Flock = (byte)(isUnlock ? 0 : arguments.Lock.Type + 1);
            }
        }

        if (waits && result == -Errno.EAGAIN)
        {
            return FileSystemResult.WouldWait;
        }

        _ = waits && _locks.EndFlockWait(unique);
        if (result == 0 && arguments.Lock.Type != (uint)FileLocks.Write)
        {
            _locks.NotifyFlockReleased(node);
        }

        return result;
    }

    /// <summary>
    /// EBADF where the guest has not opened the file for what the lock needs (fcntl(2)). So nothing is ever opened for writing that the
    /// guest has not opened so: not in a share in which nothing may be changed, nor a program that the host is running.
    /// </summary>
    private static int CheckAccess(int descriptor, in LockRange range)
    {
        int mode = Files.AccessMode(descriptor);
        return mode < 0 ? mode : mode == (range.IsWrite ? OpenFlags.ReadOnly : OpenFlags.WriteOnly) ? -Errno.EBADF : 0;
    }

    /// <summary>Zero when the guest sees the file as it is; otherwise the request is to be given again in a while.</summary>
    private int AwaitCoherence(ulong node)
    {
        int result = _inodes.Pin(node, out InodePin pin);
        using (pin)
        {
            return result < 0 ? result : GuestMayRememberTooMuch(pin) ? FileSystemResult.WouldWait : 0;
        }
    }

    /// <summary>Opens an open file of the guest's once more, for an owner's locks. EAGAIN where a lease of the host is in the way.</summary>
    private int OpenForLocks(int descriptor, bool writes)
    {
        if (_open.Count + _locks.Descriptors >= _open.Budget || !(_budget.HasRoom || _inodes.Clock.MakeRoom()))
        {
            return -Errno.ENOLCK;
        }

        byte* name = stackalloc byte[DescriptorName.MaximumLength];
        DescriptorName.Write(descriptor, name);
        const int Flags = OpenFlags.NonBlock | OpenFlags.NoControllingTerminal;
        int opened = Files.Open(_descriptors.Value, name, (writes ? OpenFlags.ReadWrite : OpenFlags.ReadOnly) | Flags);
        return opened == -Errno.EACCES && writes ? Files.Open(_descriptors.Value, name, OpenFlags.WriteOnly | Flags) : opened;
    }

    private static int ReadRange(in LockIn arguments, out LockRange range)
    {
        FileLock wanted = arguments.Lock;
        range = default;
        if (wanted.Type > (uint)FileLocks.Unlock || wanted.Start > wanted.End || wanted.End > long.MaxValue)
        {
            return -Errno.EINVAL;
        }

        range = new LockRange((long)wanted.Start, (long)wanted.End, wanted.Type == (uint)FileLocks.Write, wanted.ProcessId);
        return 0;
    }
}
