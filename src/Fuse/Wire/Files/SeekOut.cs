using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_lseek_out</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SeekOut
{
    /// <summary>Where it led to, in bytes.</summary>
    public ulong Offset;
}
