using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_fsync_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SyncIn
{
    /// <summary><c>FUSE_FSYNC_FDATASYNC</c>: data only.</summary>
    public const uint DataOnly = 1;

    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary><see cref="DataOnly"/>.</summary>
    public uint Flags;

    /// <summary>Unused.</summary>
    public uint Padding;
}
