using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Attributes;

/// <summary><c>struct fuse_attr_out</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct AttributesOut
{
    /// <summary>Seconds that they stay good.</summary>
    public ulong ValidSeconds;

    /// <summary>Nanoseconds beside.</summary>
    public uint ValidNanoseconds;

    /// <summary>Unused.</summary>
    public uint Unused;

    /// <summary>The attributes.</summary>
    public InodeAttributes Attributes;
}
