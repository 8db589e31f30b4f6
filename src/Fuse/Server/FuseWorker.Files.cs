using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Server;

/// <summary>Operations on open files.</summary>
public sealed unsafe partial class FuseWorker
{
    private nint Open(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        if (!reader.TryRead(out OpenIn arguments) || reply.Room < sizeof(OpenOut))
        {
            return -Errno.EINVAL;
        }

        int result = _files.Open(_context, header.NodeId, arguments, out OpenOut open);
        return result < 0 ? result : reply.Put(open);
    }

    private nint Create(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        bool good = reader.TryRead(out CreateIn arguments) && reply.Room >= sizeof(CreateOut);
        int result = ReadName(ref reader, _memory.FirstText, good, out FileName name);
        if (result < 0)
        {
            return result;
        }

        result = _files.Create(_context, header.NodeId, name, arguments, out CreateOut created);
        return result < 0 ? result : reply.Put(created);
    }

    private nint CreateTemporary(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        if (!reader.TryRead(out CreateIn arguments) || reply.Room < sizeof(CreateOut))
        {
            return -Errno.EINVAL;
        }

        int result = _files.CreateTemporary(_context, header.NodeId, arguments, out CreateOut created);
        return result < 0 ? result : reply.Put(created);
    }

    private nint Read(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        if (!reader.TryRead(out ReadIn arguments))
        {
            return -Errno.EINVAL;
        }

        // Firmware asks for a whole file at once, and goes on where a short answer ends (edk2: VirtioFsDxe).
        arguments.Size = Math.Min(arguments.Size, MaximumWrite);
        if (!reply.TryTakePieces(arguments.Size, _memory.Pieces, out ReadOnlySpan<IoVec> target))
        {
            return -Errno.EINVAL;
        }

        return _files.Read(_context, header.NodeId, arguments, target);
    }

    private nint Write(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        bool good = reader.TryRead(out WriteIn arguments)
            && arguments.Size <= MaximumWrite
            && reply.Room >= sizeof(WriteOut)
            && reader.Remaining == arguments.Size;
        if (!good || !reader.TryTakePieces(arguments.Size, _memory.Pieces, out ReadOnlySpan<IoVec> source))
        {
            return -Errno.EINVAL;
        }

        nint result = _files.Write(_context, header.NodeId, arguments, source);
        if (result < 0)
        {
            return result;
        }

        Counters.NoteWritten(result);
        return reply.Put(new WriteOut { Size = (uint)result });
    }

    private nint Flush(in InHeader header, ref RequestReader reader) =>
        reader.TryRead(out FlushIn arguments) ? _files.Flush(_context, header.NodeId, arguments) : -Errno.EINVAL;

    private nint Release(in InHeader header, ref RequestReader reader) =>
        reader.TryRead(out ReleaseIn arguments) ? _files.Release(_context, header.NodeId, arguments) : -Errno.EINVAL;

    private nint Sync(in InHeader header, ref RequestReader reader) =>
        reader.TryRead(out SyncIn arguments) ? _files.Sync(_context, header.NodeId, arguments) : -Errno.EINVAL;

    private nint Seek(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        if (!reader.TryRead(out SeekIn arguments))
        {
            return -Errno.EINVAL;
        }

        long result = _files.Seek(_context, header.NodeId, arguments);
        return result < 0 ? (nint)result : reply.Put(new SeekOut { Offset = (ulong)result });
    }

    private nint Allocate(in InHeader header, ref RequestReader reader) =>
        reader.TryRead(out AllocateIn arguments) ? _files.Allocate(_context, header.NodeId, arguments) : -Errno.EINVAL;
}
