using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Locks;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Server;

/// <summary>Locks, ioctl and poll.</summary>
public sealed unsafe partial class FuseWorker
{
    private nint GetLock(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        if (!reader.TryRead(out LockIn arguments))
        {
            return -Errno.EINVAL;
        }

        int result = _files.GetLock(_context, header.NodeId, arguments, out LockOut found);
        return result < 0 ? result : reply.Put(found);
    }

    private nint SetLock(in InHeader header, ref RequestReader reader, bool wait)
    {
        if (!reader.TryRead(out LockIn arguments))
        {
            return -Errno.EINVAL;
        }

        // Who waits is remembered by its request's number and arguments: so it begins to wait when it is given again, by a copy that stays.
        bool waits = wait && _context.MayBlock;
        nint result = _files.SetLock(_context, header.NodeId, arguments, waits);
        return wait && !waits && result is -Errno.EAGAIN or FileSystemResult.WouldWait ? FileSystemResult.WouldWait : result;
    }

    private nint Control(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        bool good = reader.TryRead(out ControlIn arguments)
            && arguments.InputSize <= ExtendedAttributes.MaximumValueSize
            && reply.Room >= sizeof(ControlOut) + Math.Min(arguments.OutputSize, WorkerMemory.DirectoryReplySize - (long)sizeof(ControlOut))
            && reader.TryRead(_memory.Value, arguments.InputSize);
        if (!good)
        {
            return -Errno.EINVAL;
        }

        // The answer's structure stands before the output (fs/fuse/ioctl.c).
        byte* answer = _memory.DirectoryReply;
        nint result = _files.Control(_context, header.NodeId, arguments, _memory.Value, answer + sizeof(ControlOut));
        if (result < 0)
        {
            return result;
        }

        *(ControlOut*)answer = default;
        return reply.Put(answer, (uint)sizeof(ControlOut) + (uint)result);
    }

    private nint Poll(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        if (!reader.TryRead(out PollIn arguments))
        {
            return -Errno.EINVAL;
        }

        int result = _files.Poll(_context, header.NodeId, arguments, out PollOut ready);
        return result < 0 ? result : reply.Put(ready);
    }
}
