using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Attributes;

/// <summary><c>struct fuse_statx_in</c> (<c>linux/fuse.h</c> 7.39).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct StatxIn
{
    /// <summary><c>FUSE_GETATTR_FH</c>.</summary>
    public uint Flags;

    /// <summary>Unused.</summary>
    public uint Reserved;

    /// <summary>An open file's handle.</summary>
    public ulong Handle;

    /// <summary><c>AT_STATX_…</c>.</summary>
    public uint StatxFlags;

    /// <summary>Wanted fields.</summary>
    public uint Mask;
}
