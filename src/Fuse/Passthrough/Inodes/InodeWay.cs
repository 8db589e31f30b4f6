using System.Runtime.InteropServices;
using VirtioFs.Fuse.Operations;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>
/// A name in a directory by which an inode was found: the way to find it again where its file system has no file handles. It lies
/// in native memory, cut to the name's length, in a list of the inode's ways. The directory's slot stays while a way leads through it.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal unsafe struct InodeWay
{
    /// <summary>The most ways of one inode: a file with more names (hard links) keeps those that it was found by last.</summary>
    internal const int Most = 4;

    /// <summary>An older way of the same inode, or null.</summary>
    public InodeWay* Next;

    /// <summary>The directory's slot.</summary>
    public int Parent;

    /// <summary>Bytes of the name.</summary>
    public byte Length;

    /// <summary>The name, as it was admitted, without a NUL.</summary>
    public fixed byte Name[FileName.MaximumLength];

    internal readonly ReadOnlySpan<byte> Text
    {
        get
        {
            fixed (byte* name = Name)
            {
                return new ReadOnlySpan<byte>(name, Length);
            }
        }
    }

    internal static InodeWay* Create(int parent, FileName name, InodeWay* next)
    {
        InodeWay* way = (InodeWay*)NativeMemory.Alloc((nuint)(sizeof(InodeWay) - FileName.MaximumLength + name.Length));
        way->Next = next;
        way->Parent = parent;
        way->Length = (byte)name.Length;
        new ReadOnlySpan<byte>(name.Bytes, name.Length).CopyTo(new Span<byte>(way->Name, name.Length));
        return way;
    }

    internal readonly bool Is(int parent, FileName name) => Parent == parent && Text.SequenceEqual(new ReadOnlySpan<byte>(name.Bytes, name.Length));
}
