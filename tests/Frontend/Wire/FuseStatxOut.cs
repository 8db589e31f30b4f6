using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_statx_out</c> of <c>linux/fuse.h</c>, 288 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseStatxOut
{
    public ulong AttrValidSeconds;
    public uint AttrValidNanoseconds;
    public uint Flags;
    public ulong Spare0;
    public ulong Spare1;
    public FuseStatx Statx;
}
