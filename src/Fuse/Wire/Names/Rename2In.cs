using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Names;

/// <summary><c>struct fuse_rename2_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Rename2In
{
    /// <summary>The directory that it goes to.</summary>
    public ulong NewDirectory;

    /// <summary><c>RENAME_…</c> (<c>linux/fs.h</c>).</summary>
    public uint Flags;

    /// <summary>Unused.</summary>
    public uint Padding;
}
