using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_dirent</c> of <c>linux/fuse.h</c>, 24 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseDirent
{
    public ulong Inode;
    public ulong Offset;
    public uint NameLength;
    public uint Type;
}
