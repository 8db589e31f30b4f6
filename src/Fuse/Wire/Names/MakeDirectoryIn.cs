using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Names;

/// <summary><c>struct fuse_mkdir_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct MakeDirectoryIn
{
    /// <summary>Permission.</summary>
    public uint Mode;

    /// <summary>The caller's umask.</summary>
    public uint Umask;
}
