using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_attr_out</c> of <c>linux/fuse.h</c>, 104 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseAttrOut
{
    public ulong AttrValidSeconds;
    public uint AttrValidNanoseconds;
    public uint Padding;
    public FuseAttr Attr;
}
