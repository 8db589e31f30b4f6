using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Attributes;

/// <summary><c>struct fuse_getxattr_out</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct GetXattrOut
{
    /// <summary>Bytes of the value.</summary>
    public uint Size;

    /// <summary>Unused.</summary>
    public uint Padding;
}
