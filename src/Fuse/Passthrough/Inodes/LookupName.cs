using System.Runtime.InteropServices;
using VirtioFs.Fuse.Operations;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>
/// A name in a directory by which an inode was looked up, to find it again where its file system has no file handles. It lies in native
/// memory, cut to the name's length, in a list of the inode's names. The directory's slot stays in use while a name refers to it.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal unsafe struct LookupName
{
    /// <summary>The most names of one inode: a file with more of them (hard links) keeps those that it was looked up by last.</summary>
    internal const int Most = 4;

    /// <summary>An older name of the same inode, or null.</summary>
    public LookupName* Next;

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

    internal static LookupName* Create(int parent, FileName name, LookupName* next)
    {
        LookupName* made = (LookupName*)NativeMemory.Alloc((nuint)(sizeof(LookupName) - FileName.MaximumLength + name.Length));
        made->Next = next;
        made->Parent = parent;
        made->Length = (byte)name.Length;
        new ReadOnlySpan<byte>(name.Bytes, name.Length).CopyTo(new Span<byte>(made->Name, name.Length));
        return made;
    }

    internal readonly bool Is(int parent, FileName name) => Parent == parent && Text.SequenceEqual(new ReadOnlySpan<byte>(name.Bytes, name.Length));
}
