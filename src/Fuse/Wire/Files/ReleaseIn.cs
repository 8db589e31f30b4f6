using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_release_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ReleaseIn
{
    /// <summary><c>FUSE_RELEASE_FLUSH</c>.</summary>
    public const uint Flush = 1;

    /// <summary><c>FUSE_RELEASE_FLOCK_UNLOCK</c>.</summary>
    public const uint UnlockFlock = 2;

    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary>As at open.</summary>
    public uint Flags;

    /// <summary><see cref="Flush"/>, <see cref="UnlockFlock"/>.</summary>
    public uint ReleaseFlags;

    /// <summary>Who holds locks.</summary>
    public ulong LockOwner;
}
