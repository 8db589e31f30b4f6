using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_flush_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FlushIn
{
    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary>Unused.</summary>
    public uint Unused;

    /// <summary>Unused.</summary>
    public uint Padding;

    /// <summary>Who holds locks.</summary>
    public ulong LockOwner;
}
