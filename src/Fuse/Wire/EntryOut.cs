using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire;

/// <summary><c>struct fuse_entry_out</c> (<c>linux/fuse.h</c>): what a name leads to.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct EntryOut
{
    /// <summary>The inode, 0 for a name that is known not to be there.</summary>
    public ulong NodeId;

    /// <summary>With the inode unique for ever; ours are so by themselves.</summary>
    public ulong Generation;

    /// <summary>Seconds that the name stays good.</summary>
    public ulong EntryValidSeconds;

    /// <summary>Seconds that the attributes stay good.</summary>
    public ulong AttributesValidSeconds;

    /// <summary>Nanoseconds beside.</summary>
    public uint EntryValidNanoseconds;

    /// <summary>Nanoseconds beside.</summary>
    public uint AttributesValidNanoseconds;

    /// <summary>The attributes.</summary>
    public InodeAttributes Attributes;
}
