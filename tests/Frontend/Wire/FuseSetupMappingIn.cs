using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_setupmapping_in</c> of <c>linux/fuse.h</c>, 40 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseSetupMappingIn
{
    public ulong Handle;
    public ulong FileOffset;
    public ulong Length;
    public ulong Flags;
    public ulong WindowOffset;
}
