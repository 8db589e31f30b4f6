using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Server;

/// <summary>Operations on open directories.</summary>
public sealed unsafe partial class FuseWorker
{
    private nint OpenDirectory(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        if (!reader.TryRead(out OpenIn arguments) || reply.Room < sizeof(OpenOut))
        {
            return -Errno.EINVAL;
        }

        int result = _files.OpenDirectory(_context, header.NodeId, arguments, out OpenOut open);
        return result < 0 ? result : reply.Put(open);
    }

    private nint ReadDirectory(in InHeader header, ref RequestReader reader, ReplyWriter reply, bool plus)
    {
        if (!reader.TryRead(out ReadIn arguments) || reply.Room < arguments.Size)
        {
            return -Errno.EINVAL;
        }

        DirectoryWriter writer = new(_memory.DirectoryReply, (int)Math.Min(arguments.Size, WorkerMemory.DirectoryReplySize));
        int result = _files.ReadDirectory(_context, header.NodeId, arguments, plus, ref writer);
        return result < 0 ? result : reply.Put(_memory.DirectoryReply, (uint)writer.Length);
    }

    private nint ReleaseDirectory(in InHeader header, ref RequestReader reader) =>
        reader.TryRead(out ReleaseIn arguments) ? _files.ReleaseDirectory(_context, header.NodeId, arguments) : -Errno.EINVAL;

    private nint SyncDirectory(in InHeader header, ref RequestReader reader) =>
        reader.TryRead(out SyncIn arguments) ? _files.SyncDirectory(_context, header.NodeId, arguments) : -Errno.EINVAL;
}
