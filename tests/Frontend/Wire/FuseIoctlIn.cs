using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_ioctl_in</c> of <c>linux/fuse.h</c>, 32 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseIoctlIn
{
    public ulong Handle;
    public uint Flags;
    public uint Command;
    public ulong Argument;
    public uint InputSize;
    public uint OutputSize;
}
