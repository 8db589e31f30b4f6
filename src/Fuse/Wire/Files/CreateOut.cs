using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_entry_out</c> and <c>struct fuse_open_out</c> (<c>linux/fuse.h</c>), one behind the other: the answer to CREATE.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CreateOut
{
    /// <summary>What the name leads to.</summary>
    public EntryOut Entry;

    /// <summary>The open file.</summary>
    public OpenOut Open;
}
