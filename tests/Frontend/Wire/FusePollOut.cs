using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_poll_out</c> of <c>linux/fuse.h</c>, 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FusePollOut
{
    public uint Happened;
    public uint Padding;
}
