using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Attributes;

/// <summary><c>struct fuse_statx_out</c> (<c>linux/fuse.h</c>); the status itself has statx(2)'s own layout (<c>struct fuse_statx</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct StatxOut
{
    /// <summary>Seconds that it stays good.</summary>
    public ulong ValidSeconds;

    /// <summary>Nanoseconds beside.</summary>
    public uint ValidNanoseconds;

    /// <summary>Unused.</summary>
    public uint Flags;

    /// <summary>Unused.</summary>
    public fixed ulong Spare[2];

    /// <summary>The status.</summary>
    public Linux.FileStatus Status;
}
