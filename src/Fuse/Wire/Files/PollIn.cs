using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Files;

/// <summary><c>struct fuse_poll_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct PollIn
{
    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary>The waiter's own number.</summary>
    public ulong KernelHandle;

    /// <summary><c>FUSE_POLL_SCHEDULE_NOTIFY</c>.</summary>
    public uint Flags;

    /// <summary>Awaited events.</summary>
    public uint Events;
}
