using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_write_out</c> (<c>linux/fuse.h</c>), and of the same shape <c>struct fuse_copy_file_range</c>'s 32-bit answer.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct WriteOut
{
    /// <summary>Bytes written.</summary>
    public uint Size;

    /// <summary>Unused.</summary>
    public uint Padding;
}
