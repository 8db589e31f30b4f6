using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_write_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct WriteIn
{
    /// <summary><c>FUSE_WRITE_CACHE</c>: from the page cache, by a handle that may be another's.</summary>
    public const uint FromCache = 1;

    /// <summary><c>FUSE_WRITE_KILL_SUIDGID</c>: clears SUID and SGID.</summary>
    public const uint KillSetId = 4;

    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary>Where, in bytes.</summary>
    public ulong Offset;

    /// <summary>How much, in bytes.</summary>
    public uint Size;

    /// <summary><see cref="FromCache"/>, <see cref="KillSetId"/>.</summary>
    public uint WriteFlags;

    /// <summary>Who holds locks.</summary>
    public ulong LockOwner;

    /// <summary>As at open, perhaps changed by fcntl(2) since.</summary>
    public uint Flags;

    /// <summary>Unused.</summary>
    public uint Padding;
}
