using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_open_out</c> of <c>linux/fuse.h</c>, 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseOpenOut
{
    public ulong Handle;
    public uint OpenFlags;
    public uint BackingId;
}
