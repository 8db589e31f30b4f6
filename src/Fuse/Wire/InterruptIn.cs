using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire;

/// <summary><c>struct fuse_interrupt_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct InterruptIn
{
    /// <summary>The request to give up.</summary>
    public ulong Unique;
}
