using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_fsync_in</c> of <c>linux/fuse.h</c>, 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseFsyncIn
{
    public ulong Handle;
    public uint Flags;
    public uint Padding;
}
