using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse;

/// <summary>Locks of fcntl(2) and flock(2).</summary>
public sealed unsafe partial class PassthroughFileSystem
{
    private readonly LockTable _locks = new();

    /// <inheritdoc/>
    public event Action? WaitersMayProceed
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
        result = PinOpenFile(node, arguments.Handle);
        result = result < 0 ? result : _locks.Test(node, arguments.Owner, wanted, () => OpenForLocks(node), out other);
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
        if ((arguments.LockFlags & LockIn.Flock) != 0)
        {
            return SetFlock(node, arguments, wait);
        }

        int result = ReadRange(arguments, out LockRange range);
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

        result = PinOpenFile(node, arguments.Handle);
        result = result < 0 ? result : AwaitCoherence(node);
        return result < 0 ? result : _locks.Take(node, arguments.Owner, arguments.Handle, range, wait ? request.Unique : 0, () => OpenForLocks(node));
    }

    /// <inheritdoc/>
    public void Abandon(ulong unique) => _locks.Abandon(unique);

    private int SetFlock(ulong node, in LockIn arguments, bool wait)
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

        result = _open.Pin(arguments.Handle, false, out OpenFilePin file);
        result = result < 0 ? _open.Pin(arguments.Handle, true, out file) : result;
        using (file)
        {
            result = result < 0 ? result : FileLocks.Flock(file.Descriptor, (short)arguments.Lock.Type);
        }

        if (isUnlock)
        {
            _locks.NotifyReleased();
        }

        return result == -Errno.EAGAIN && wait ? FileSystemResult.WouldWait : result;
    }

    /// <summary>EBADF for a handle that is not open: locks go by the inode, but only who has it open may lock.</summary>
    private int PinOpenFile(ulong node, ulong handle)
    {
        int result = _open.Pin(handle, false, out OpenFilePin file);
        file.Dispose();
        return result;
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

    private int OpenForLocks(ulong node)
    {
        if (_open.Count + _locks.Descriptors >= _open.Budget || !DescriptorBudget.HasRoom)
        {
            return -Errno.ENOLCK;
        }

        int result = _inodes.Pin(node, out InodePin pin);
        using (pin)
        {
            if (result < 0)
            {
                return result;
            }

            // A write lock needs a description that may write; where nothing may be written, read locks are left.
            int descriptor = _inodes.Open(pin, _descriptors.Value, OpenFlags.ReadWrite | OpenFlags.NonBlock);
            return descriptor >= 0 ? descriptor : _inodes.Open(pin, _descriptors.Value, OpenFlags.ReadOnly | OpenFlags.NonBlock);
        }
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
