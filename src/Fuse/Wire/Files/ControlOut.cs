using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_ioctl_out</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ControlOut
{
    /// <summary>What ioctl(2) answered.</summary>
    public int Result;

    /// <summary><c>FUSE_IOCTL_…</c>.</summary>
    public uint Flags;

    /// <summary>For unrestricted use only.</summary>
    public uint InputPieces;

    /// <summary>For unrestricted use only.</summary>
    public uint OutputPieces;
}
