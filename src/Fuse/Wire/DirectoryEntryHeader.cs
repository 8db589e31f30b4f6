using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire;

/// <summary><c>struct fuse_dirent</c> (<c>linux/fuse.h</c>) without the name that follows.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct DirectoryEntryHeader
{
    /// <summary>Inode number.</summary>
    public ulong Inode;

    /// <summary>Where to go on behind this entry.</summary>
    public ulong Offset;

    /// <summary>Bytes of the name.</summary>
    public uint NameLength;

    /// <summary>Type as readdir(3) has it.</summary>
    public uint Type;

    /// <summary>Bytes of an entry with its name: a multiple of 8 (<c>FUSE_DIRENT_SIZE</c>).</summary>
    public static unsafe int Size(int nameLength) => (sizeof(DirectoryEntryHeader) + nameLength + 7) & ~7;
}
