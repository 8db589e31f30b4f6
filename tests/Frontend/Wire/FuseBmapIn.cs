using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_bmap_in</c> of <c>linux/fuse.h</c>, 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseBmapIn
{
    public ulong Block;
    public uint BlockSize;
    public uint Padding;
}
