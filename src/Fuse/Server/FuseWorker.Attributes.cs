using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Server;

/// <summary>Operations on what is known of a file, and of the file system.</summary>
public sealed unsafe partial class FuseWorker
{
    private nint GetAttributes(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        if (!reader.TryRead(out GetAttributesIn arguments))
        {
            return -Errno.EINVAL;
        }

        ulong? handle = (arguments.Flags & GetAttributesIn.HandleValid) != 0 ? arguments.Handle : null;
        int result = _files.GetAttributes(_context, header.NodeId, handle, out AttributesOut attributes);
        return result < 0 ? result : reply.Put(attributes);
    }

    private nint SetAttributes(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        if (!reader.TryRead(out SetAttributesIn change) || reply.Room < sizeof(AttributesOut))
        {
            return -Errno.EINVAL;
        }

        int result = _files.SetAttributes(_context, header.NodeId, change, out AttributesOut attributes);
        return result < 0 ? result : reply.Put(attributes);
    }

    private nint GetExtendedStatus(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        if (!reader.TryRead(out StatxIn arguments))
        {
            return -Errno.EINVAL;
        }

        ulong? handle = (arguments.Flags & GetAttributesIn.HandleValid) != 0 ? arguments.Handle : null;
        int result = _files.GetExtendedStatus(_context, header.NodeId, handle, out StatxOut status);
        return result < 0 ? result : reply.Put(status);
    }

    private nint Access(in InHeader header, ref RequestReader reader) =>
        reader.TryRead(out AccessIn arguments) ? _files.Access(_context, header.NodeId, arguments.Mask) : -Errno.EINVAL;

    private nint ReadLink(in InHeader header, ReplyWriter reply)
    {
        uint room = (uint)Math.Min(reply.Room, WorkerMemory.MaximumTarget);
        nint result = _files.ReadLink(_context, header.NodeId, _memory.FirstText, room);
        return result < 0 ? result : reply.Put(_memory.FirstText, (uint)result);
    }

    private nint GetFileSystemStatus(in InHeader header, ReplyWriter reply)
    {
        int result = _files.GetFileSystemStatus(_context, header.NodeId, out FileSystemStatusOut status);
        return result < 0 ? result : reply.Put(status);
    }

    private nint SyncFileSystem(in InHeader header, ref RequestReader reader) =>
        reader.TryRead<SyncFileSystemIn>(out _) ? _files.SyncFileSystem(_context, header.NodeId) : -Errno.EINVAL;
}
