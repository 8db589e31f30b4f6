using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Names;

/// <summary><c>struct fuse_rename_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct RenameIn
{
    /// <summary>The directory that it goes to.</summary>
    public ulong NewDirectory;
}
