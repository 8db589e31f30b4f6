using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Attributes;

/// <summary><c>struct fuse_getxattr_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct GetXattrIn
{
    /// <summary>Room for the value in bytes; 0 asks for its size.</summary>
    public uint Size;

    /// <summary>Unused.</summary>
    public uint Padding;
}
