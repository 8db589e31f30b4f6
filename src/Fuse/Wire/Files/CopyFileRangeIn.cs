using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_copy_file_range_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CopyFileRangeIn
{
    /// <summary>The source's handle.</summary>
    public ulong SourceHandle;

    /// <summary>Where in the source, in bytes.</summary>
    public ulong SourceOffset;

    /// <summary>The target's inode.</summary>
    public ulong TargetNodeId;

    /// <summary>The target's handle.</summary>
    public ulong TargetHandle;

    /// <summary>Where in the target, in bytes.</summary>
    public ulong TargetOffset;

    /// <summary>How much, in bytes.</summary>
    public ulong Length;

    /// <summary>None are defined.</summary>
    public ulong Flags;
}
