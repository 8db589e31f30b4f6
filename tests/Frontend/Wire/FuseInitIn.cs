using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_init_in</c> of <c>linux/fuse.h</c>, 64 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct FuseInitIn
{
    public uint Major;
    public uint Minor;
    public uint MaximumReadahead;
    public uint Flags;
    public uint Flags2;
    public fixed uint Unused[11];
}
