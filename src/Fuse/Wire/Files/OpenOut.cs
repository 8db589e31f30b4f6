using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_open_out</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct OpenOut
{
    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary>How it may be used.</summary>
    public OpenReplyFlags Flags;

    /// <summary>For passthrough; unused.</summary>
    public int BackingId;
}
