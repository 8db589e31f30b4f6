using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire;

/// <summary><c>struct fuse_file_lock</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FileLock
{
    /// <summary>First byte.</summary>
    public ulong Start;

    /// <summary>Last byte.</summary>
    public ulong End;

    /// <summary><c>F_RDLCK</c>, <c>F_WRLCK</c>, <c>F_UNLCK</c>.</summary>
    public uint Type;

    /// <summary>The process that holds it, in the guest.</summary>
    public uint ProcessId;
}

/// <summary><c>struct fuse_lk_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct LockIn
{
    /// <summary><c>FUSE_LK_FLOCK</c>: a lock of flock(2).</summary>
    public const uint Flock = 1;

    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary>Who wants it.</summary>
    public ulong Owner;

    /// <summary>The lock.</summary>
    public FileLock Lock;

    /// <summary><see cref="Flock"/>.</summary>
    public uint LockFlags;

    /// <summary>Unused.</summary>
    public uint Padding;
}

/// <summary><c>struct fuse_lk_out</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct LockOut
{
    /// <summary>The lock in the way, or of type <c>F_UNLCK</c>.</summary>
    public FileLock Lock;
}

/// <summary><c>struct fuse_interrupt_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct InterruptIn
{
    /// <summary>The request to give up.</summary>
    public ulong Unique;
}

/// <summary><c>struct fuse_ioctl_in</c>.</summary>
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

/// <summary><c>struct fuse_ioctl_out</c>.</summary>
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

/// <summary><c>struct fuse_poll_in</c>.</summary>
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

/// <summary><c>struct fuse_poll_out</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct PollOut
{
    /// <summary>Events that are there.</summary>
    public uint Events;

    /// <summary>Unused.</summary>
    public uint Padding;
}

/// <summary><c>struct fuse_bmap_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct MapBlockIn
{
    /// <summary>The block in the file.</summary>
    public ulong Block;

    /// <summary>Bytes of a block.</summary>
    public uint BlockSize;

    /// <summary>Unused.</summary>
    public uint Padding;
}

/// <summary><c>struct fuse_bmap_out</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct MapBlockOut
{
    /// <summary>The block on the device.</summary>
    public ulong Block;
}
