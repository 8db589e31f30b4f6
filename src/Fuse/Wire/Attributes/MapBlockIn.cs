using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Attributes;

/// <summary><c>struct fuse_bmap_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct MapBlockIn
{
    /// <summary>The block in the file.</summary>
    public ulong Block;

    /// <summary>Bytes of a block.</summary>
    public uint BlockSize;

    /// <summary>Unused.</summary>
    public uint Padding;
}
