using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_supp_groups</c> of <c>linux/fuse.h</c>, 4 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseSupplementaryGroups
{
    public uint Count;
}
