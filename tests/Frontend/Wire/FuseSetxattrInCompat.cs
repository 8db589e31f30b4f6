using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_setxattr_in</c> of <c>linux/fuse.h</c> as it was before 7.33, <c>FUSE_COMPAT_SETXATTR_IN_SIZE</c>, 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseSetxattrInCompat
{
    public uint Size;
    public uint Flags;
}
