using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_copy_file_range_out</c> (<c>linux/fuse.h</c>) (7.45).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CopyFileRangeOut
{
    /// <summary>Bytes copied.</summary>
    public ulong BytesCopied;
}
