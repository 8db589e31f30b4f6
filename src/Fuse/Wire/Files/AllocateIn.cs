using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_fallocate_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct AllocateIn
{
    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary>Where, in bytes.</summary>
    public ulong Offset;

    /// <summary>How much, in bytes.</summary>
    public ulong Length;

    /// <summary><c>FALLOC_FL_…</c> (<c>linux/falloc.h</c>).</summary>
    public uint Mode;

    /// <summary>Unused.</summary>
    public uint Padding;
}
