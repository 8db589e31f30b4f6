using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_bmap_out</c> of <c>linux/fuse.h</c>, 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseBmapOut
{
    public ulong Block;
}
