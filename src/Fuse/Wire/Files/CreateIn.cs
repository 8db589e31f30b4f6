using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_create_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CreateIn
{
    /// <summary>As for open(2).</summary>
    public uint Flags;

    /// <summary>Type and permission.</summary>
    public uint Mode;

    /// <summary>The caller's umask.</summary>
    public uint Umask;

    /// <summary><see cref="OpenIn.KillSetId"/>.</summary>
    public uint OpenFlags;
}
