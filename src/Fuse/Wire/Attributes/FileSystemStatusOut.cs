using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Attributes;

/// <summary><c>struct fuse_kstatfs</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct FileSystemStatusOut
{
    /// <summary>All blocks.</summary>
    public ulong Blocks;

    /// <summary>Free blocks.</summary>
    public ulong FreeBlocks;

    /// <summary>Free for ordinary users.</summary>
    public ulong AvailableBlocks;

    /// <summary>All inodes.</summary>
    public ulong Files;

    /// <summary>Free inodes.</summary>
    public ulong FreeFiles;

    /// <summary>Bytes of a block.</summary>
    public uint BlockSize;

    /// <summary>Longest name in bytes.</summary>
    public uint NameLength;

    /// <summary>Bytes of a fragment.</summary>
    public uint FragmentSize;

    /// <summary>Unused.</summary>
    public uint Padding;

    /// <summary>Unused.</summary>
    public fixed uint Spare[6];
}
