using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_poll_in</c> of <c>linux/fuse.h</c>, 24 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FusePollIn
{
    public ulong Handle;
    public ulong KernelHandle;
    public uint Flags;
    public uint Events;
}
