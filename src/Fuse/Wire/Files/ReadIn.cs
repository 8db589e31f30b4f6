using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_read_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ReadIn
{
    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary>Where, in bytes.</summary>
    public ulong Offset;

    /// <summary>How much, in bytes.</summary>
    public uint Size;

    /// <summary><c>FUSE_READ_LOCKOWNER</c>.</summary>
    public uint ReadFlags;

    /// <summary>Who holds locks.</summary>
    public ulong LockOwner;

    /// <summary>As at open, perhaps changed by fcntl(2) since.</summary>
    public uint Flags;

    /// <summary>Unused.</summary>
    public uint Padding;
}
