using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Wrappers;

/// <summary>The root that is made up, and the file in it.</summary>
public sealed unsafe partial class SingleFileFileSystem
{
    // Nodes are compared whole: one with another generation in its upper half is not the inner root either, but ESTALE.
    private static bool IsRoot(ulong node) => node == InHeader.RootId;

    private static int AtRoot(ulong node) => IsRoot(node) ? 0 : -Errno.ENOTDIR;

    private static void Add(in EntryOut entry, in DirectoryEntryHeader header, byte* name, bool plus, ref DirectoryWriter writer)
    {
        if (plus)
        {
            writer.AddPlus(entry, header, name);
            return;
        }

        writer.Add(header, name);
    }

    private bool IsTheFile(FileName name) => new ReadOnlySpan<byte>(name.Bytes, name.Length + 1).SequenceEqual(_name);

    private int LookupFile(RequestContext request, out EntryOut entry)
    {
        entry = default;
        fixed (byte* bytes = _name)
        {
            int result = FileName.Admit(bytes, _name.Length - 1, out FileName name);
            result = result < 0 ? result : _inner.Lookup(request, InHeader.RootId, name, out entry);
            return result == 0 && entry.NodeId == 0 ? -Errno.ENOENT : result;
        }
    }

    /// <summary>Adds the file to a listing where it is there; one with attributes counts as a lookup.</summary>
    private int AddFile(RequestContext request, bool plus, ref DirectoryWriter writer)
    {
        int length = _name.Length - 1;
        if (!writer.HasRoom(length, plus))
        {
            return 0;
        }

        int result = LookupFile(request, out EntryOut entry);
        if (result < 0)
        {
            return result == -Errno.ENOENT || writer.Length > 0 ? 0 : result;
        }

        fixed (byte* name = _name)
        {
            DirectoryEntryHeader header = new() { Inode = entry.Attributes.Inode, Offset = End, NameLength = (uint)length, Type = FileStatus.Regular >> 12 };
            Add(entry, header, name, plus, ref writer);
        }

        if (!plus)
        {
            _inner.Forget(entry.NodeId, 1);
        }

        return 0;
    }

    private FileStatus RootStatus() => new()
    {
        Mask = FileStatus.Basic,
        Inode = RootInode,
        Mode = RootMode,
        LinkCount = 2,
        BlockSize = RootBlockSize,
        AccessTime = _since,
        ModificationTime = _since,
        ChangeTime = _since,
    };
}
