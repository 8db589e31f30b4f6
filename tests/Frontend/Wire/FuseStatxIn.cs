using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_statx_in</c> of <c>linux/fuse.h</c>, 24 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseStatxIn
{
    public uint GetattrFlags;
    public uint Reserved;
    public ulong Handle;
    public uint Flags;
    public uint Mask;
}
