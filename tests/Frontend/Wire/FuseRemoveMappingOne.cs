using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_removemapping_one</c> of <c>linux/fuse.h</c>, 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseRemoveMappingOne
{
    public ulong WindowOffset;
    public ulong Length;
}
