using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Locks;

/// <summary><c>struct fuse_lk_out</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct LockOut
{
    /// <summary>The lock in the way, or of type <c>F_UNLCK</c>.</summary>
    public FileLock Lock;
}
