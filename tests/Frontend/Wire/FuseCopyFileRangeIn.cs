using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_copy_file_range_in</c> of <c>linux/fuse.h</c>, 56 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseCopyFileRangeIn
{
    public ulong HandleIn;
    public ulong OffsetIn;
    public ulong NodeIdOut;
    public ulong HandleOut;
    public ulong OffsetOut;
    public ulong Length;
    public ulong Flags;
}
