using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Names;

/// <summary><c>struct fuse_mknod_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct MakeNodeIn
{
    /// <summary>Type and permission.</summary>
    public uint Mode;

    /// <summary>The device that a device file stands for.</summary>
    public uint Device;

    /// <summary>The caller's umask.</summary>
    public uint Umask;

    /// <summary>Unused.</summary>
    public uint Padding;
}
