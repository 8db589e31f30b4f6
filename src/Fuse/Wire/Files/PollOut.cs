using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_poll_out</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct PollOut
{
    /// <summary>Events that are there.</summary>
    public uint Events;

    /// <summary>Unused.</summary>
    public uint Padding;
}
