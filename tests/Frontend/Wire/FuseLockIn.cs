using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_lk_in</c> of <c>linux/fuse.h</c>, 48 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseLockIn
{
    public ulong Handle;
    public ulong Owner;
    public FuseFileLock Lock;
    public uint Flags;
    public uint Padding;
}
