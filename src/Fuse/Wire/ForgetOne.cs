using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire;

/// <summary><c>struct fuse_forget_one</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ForgetOne
{
    /// <summary>The inode.</summary>
    public ulong NodeId;

    /// <summary>References given back.</summary>
    public ulong LookupCount;
}
