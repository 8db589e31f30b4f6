using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Names;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Server;

/// <summary>Operations on names in directories.</summary>
public sealed unsafe partial class FuseWorker
{
    private nint Lookup(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        int result = ReadName(ref reader, _memory.FirstText, reply.Room >= sizeof(EntryOut), out FileName name);
        if (result < 0)
        {
            return result;
        }

        result = _files.Lookup(_context, header.NodeId, name, out EntryOut entry);
        return result < 0 ? result : reply.Put(entry);
    }

    private nint MakeSymbolicLink(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        int result = ReadName(ref reader, _memory.FirstText, reply.Room >= sizeof(EntryOut), out FileName name);
        if (result < 0)
        {
            return result;
        }

        if (!reader.TryReadText(_memory.SecondText, WorkerMemory.MaximumTarget, out int length))
        {
            return -Errno.EINVAL;
        }

        if (length > WorkerMemory.MaximumTarget)
        {
            return -Errno.ENAMETOOLONG;
        }

        result = _files.MakeSymbolicLink(_context, header.NodeId, name, _memory.SecondText, out EntryOut entry);
        return result < 0 ? result : reply.Put(entry);
    }

    private nint MakeNode(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        bool good = reader.TryRead(out MakeNodeIn arguments) && reply.Room >= sizeof(EntryOut);
        int result = ReadName(ref reader, _memory.FirstText, good, out FileName name);
        if (result < 0)
        {
            return result;
        }

        result = _files.MakeNode(_context, header.NodeId, name, arguments, out EntryOut entry);
        return result < 0 ? result : reply.Put(entry);
    }

    private nint MakeDirectory(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        bool good = reader.TryRead(out MakeDirectoryIn arguments) && reply.Room >= sizeof(EntryOut);
        int result = ReadName(ref reader, _memory.FirstText, good, out FileName name);
        if (result < 0)
        {
            return result;
        }

        result = _files.MakeDirectory(_context, header.NodeId, name, arguments, out EntryOut entry);
        return result < 0 ? result : reply.Put(entry);
    }

    private nint Unlink(in InHeader header, ref RequestReader reader)
    {
        int result = ReadName(ref reader, _memory.FirstText, true, out FileName name);
        return result < 0 ? result : _files.Unlink(_context, header.NodeId, name);
    }

    private nint RemoveDirectory(in InHeader header, ref RequestReader reader)
    {
        int result = ReadName(ref reader, _memory.FirstText, true, out FileName name);
        return result < 0 ? result : _files.RemoveDirectory(_context, header.NodeId, name);
    }

    private nint Rename(in InHeader header, ref RequestReader reader) =>
        reader.TryRead(out RenameIn arguments) ? Rename(header, ref reader, arguments.NewDirectory, 0) : -Errno.EINVAL;

    private nint Rename2(in InHeader header, ref RequestReader reader) =>
        reader.TryRead(out Rename2In arguments) ? Rename(header, ref reader, arguments.NewDirectory, arguments.Flags) : -Errno.EINVAL;

    private nint Rename(in InHeader header, ref RequestReader reader, ulong newParent, uint flags)
    {
        int result = ReadName(ref reader, _memory.FirstText, true, out FileName name);
        if (result < 0)
        {
            return result;
        }

        result = ReadName(ref reader, _memory.SecondText, true, out FileName newName);
        return result < 0 ? result : _files.Rename(_context, header.NodeId, name, newParent, newName, flags);
    }

    private nint Link(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        bool good = reader.TryRead(out LinkIn arguments) && reply.Room >= sizeof(EntryOut);
        int result = ReadName(ref reader, _memory.FirstText, good, out FileName name);
        if (result < 0)
        {
            return result;
        }

        result = _files.Link(_context, arguments.OldNodeId, header.NodeId, name, out EntryOut entry);
        return result < 0 ? result : reply.Put(entry);
    }

    /// <summary>Copies and admits a name, after what came before it was found good.</summary>
    private static int ReadName(ref RequestReader reader, byte* target, bool soFarGood, out FileName name)
    {
        name = default;
        return soFarGood && reader.TryReadText(target, FileName.MaximumLength, out int length)
            ? FileName.Admit(target, length, out name)
            : -Errno.EINVAL;
    }
}
