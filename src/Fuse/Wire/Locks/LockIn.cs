using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Locks;

/// <summary><c>struct fuse_lk_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct LockIn
{
    /// <summary><c>FUSE_LK_FLOCK</c>: a lock of flock(2).</summary>
    public const uint Flock = 1;

    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary>Who wants it.</summary>
    public ulong Owner;

    /// <summary>The lock.</summary>
    public FileLock Lock;

    /// <summary><see cref="Flock"/>.</summary>
    public uint LockFlags;

    /// <summary>Unused.</summary>
    public uint Padding;
}
