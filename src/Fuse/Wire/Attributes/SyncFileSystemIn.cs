using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Attributes;

/// <summary><c>struct fuse_syncfs_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SyncFileSystemIn
{
    /// <summary>Unused.</summary>
    public ulong Padding;
}
