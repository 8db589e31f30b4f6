using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Server;

/// <summary><c>FUSE_COPY_FILE_RANGE</c> and <c>FUSE_COPY_FILE_RANGE_64</c>.</summary>
public sealed unsafe partial class FuseWorker
{
    private nint CopyFileRange(in InHeader header, ref RequestReader reader, ReplyWriter reply, bool wide)
    {
        // The older answer has 32 bits: more than it can tell must not be copied.
        const ulong Narrow = 0x7FFF_F000;
        if (!reader.TryRead(out CopyFileRangeIn arguments) || reply.Room < sizeof(CopyFileRangeOut))
        {
            return -Errno.EINVAL;
        }

        arguments.Length = wide ? arguments.Length : Math.Min(arguments.Length, Narrow);
        nint result = _files.CopyFileRange(_context, header.NodeId, arguments);
        if (result < 0)
        {
            return result;
        }

        return wide ? reply.Put(new CopyFileRangeOut { BytesCopied = (ulong)result }) : reply.Put(new WriteOut { Size = (uint)result });
    }
}
