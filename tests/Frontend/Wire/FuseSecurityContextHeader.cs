using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_secctx_header</c> of <c>linux/fuse.h</c>, 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseSecurityContextHeader
{
    public uint Size;
    public uint Count;
}
