using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_removemapping_in</c> of <c>linux/fuse.h</c>, 4 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseRemoveMappingIn
{
    public uint Count;
}
