using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_ioctl_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ControlIn
{
    /// <summary><c>FUSE_IOCTL_DIR</c>: the handle is a directory's.</summary>
    public const uint OnDirectory = 16;

    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary><c>FUSE_IOCTL_…</c>.</summary>
    public uint Flags;

    /// <summary>What is asked.</summary>
    public uint Command;

    /// <summary>The argument as a number.</summary>
    public ulong Argument;

    /// <summary>Bytes that follow.</summary>
    public uint InputSize;

    /// <summary>Room for an answer, in bytes.</summary>
    public uint OutputSize;
}
