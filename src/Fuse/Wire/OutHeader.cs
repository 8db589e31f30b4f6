using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire;

/// <summary>What each answer begins with (<c>struct fuse_out_header</c> (<c>linux/fuse.h</c>)).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct OutHeader
{
    /// <summary>Bytes of the whole answer.</summary>
    public uint Length;

    /// <summary>Zero, or a negated error number.</summary>
    public int Error;

    /// <summary>The request's number.</summary>
    public ulong Unique;
}
