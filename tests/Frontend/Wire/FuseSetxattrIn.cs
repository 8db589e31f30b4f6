using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_setxattr_in</c> of <c>linux/fuse.h</c>, 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseSetxattrIn
{
    public uint Size;
    public uint Flags;
    public uint SetxattrFlags;
    public uint Padding;
}
