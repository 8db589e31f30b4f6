using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Names;

/// <summary><c>struct fuse_link_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct LinkIn
{
    /// <summary>The file that gets one more name.</summary>
    public ulong OldNodeId;
}
