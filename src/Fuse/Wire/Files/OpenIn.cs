using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_open_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct OpenIn
{
    /// <summary><c>FUSE_OPEN_KILL_SUIDGID</c>: O_TRUNC clears SUID and SGID.</summary>
    public const uint KillSetId = 1;

    /// <summary>As for open(2).</summary>
    public uint Flags;

    /// <summary><see cref="KillSetId"/>.</summary>
    public uint OpenFlags;
}
