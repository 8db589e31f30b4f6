using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_lseek_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SeekIn
{
    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary>Where, in bytes.</summary>
    public ulong Offset;

    /// <summary><c>SEEK_…</c>.</summary>
    public uint Whence;

    /// <summary>Unused.</summary>
    public uint Padding;
}
