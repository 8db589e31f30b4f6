using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire;

/// <summary><c>struct fuse_batch_forget_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct BatchForgetIn
{
    /// <summary>How many <see cref="ForgetOne"/> follow.</summary>
    public uint Count;

    /// <summary>Unused.</summary>
    public uint Unused;
}
