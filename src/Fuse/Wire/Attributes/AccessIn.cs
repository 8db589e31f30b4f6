using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Attributes;

/// <summary><c>struct fuse_access_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct AccessIn
{
    /// <summary><c>R_OK</c>, <c>W_OK</c>, <c>X_OK</c>.</summary>
    public uint Mask;

    /// <summary>Unused.</summary>
    public uint Padding;
}
