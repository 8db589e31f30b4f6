using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_lseek_out</c> of <c>linux/fuse.h</c>, 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseLseekOut
{
    public ulong Offset;
}
