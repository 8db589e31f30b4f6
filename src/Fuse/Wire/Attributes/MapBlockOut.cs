using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Attributes;

/// <summary><c>struct fuse_bmap_out</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct MapBlockOut
{
    /// <summary>The block on the device.</summary>
    public ulong Block;
}
