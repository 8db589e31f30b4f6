using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_rename2_in</c> of <c>linux/fuse.h</c>, 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseRename2In
{
    public ulong NewDirectory;
    public uint Flags;
    public uint Padding;
}
