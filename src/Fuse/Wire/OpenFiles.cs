using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire;

/// <summary><c>struct fuse_open_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct OpenIn
{
    /// <summary><c>FUSE_OPEN_KILL_SUIDGID</c>: O_TRUNC clears SUID and SGID.</summary>
    public const uint KillSetId = 1;

    /// <summary>As for open(2).</summary>
    public uint Flags;

    /// <summary><see cref="KillSetId"/>.</summary>
    public uint OpenFlags;
}

/// <summary><c>struct fuse_create_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CreateIn
{
    /// <summary>As for open(2).</summary>
    public uint Flags;

    /// <summary>Type and permission.</summary>
    public uint Mode;

    /// <summary>The caller's umask.</summary>
    public uint Umask;

    /// <summary><see cref="OpenIn.KillSetId"/>.</summary>
    public uint OpenFlags;
}

/// <summary>How the guest may use a file that was opened (<c>FOPEN_…</c>).</summary>
[Flags]
public enum OpenReplyFlags : uint
{
    /// <summary>As always: pages cached before are dropped at open.</summary>
    None = 0,

    /// <summary><c>FOPEN_DIRECT_IO</c>: past the guest's page cache.</summary>
    DirectIo = 1 << 0,

    /// <summary><c>FOPEN_KEEP_CACHE</c>: pages cached before stay.</summary>
    KeepCache = 1 << 1,

    /// <summary><c>FOPEN_NONSEEKABLE</c>.</summary>
    NonSeekable = 1 << 2,

    /// <summary><c>FOPEN_CACHE_DIR</c>: the directory's content may be cached.</summary>
    CacheDirectory = 1 << 3,

    /// <summary><c>FOPEN_STREAM</c>.</summary>
    Stream = 1 << 4,

    /// <summary><c>FOPEN_NOFLUSH</c>: close needs no FLUSH.</summary>
    NoFlush = 1 << 5,

    /// <summary><c>FOPEN_PARALLEL_DIRECT_WRITES</c>.</summary>
    ParallelDirectWrites = 1 << 6,
}

/// <summary><c>struct fuse_open_out</c>.</summary>
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

/// <summary><c>struct fuse_entry_out</c> and <c>struct fuse_open_out</c>, one behind the other: the answer to CREATE.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CreateOut
{
    /// <summary>What the name leads to.</summary>
    public EntryOut Entry;

    /// <summary>The open file.</summary>
    public OpenOut Open;
}

/// <summary><c>struct fuse_release_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ReleaseIn
{
    /// <summary><c>FUSE_RELEASE_FLUSH</c>.</summary>
    public const uint Flush = 1;

    /// <summary><c>FUSE_RELEASE_FLOCK_UNLOCK</c>.</summary>
    public const uint UnlockFlock = 2;

    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary>As at open.</summary>
    public uint Flags;

    /// <summary><see cref="Flush"/>, <see cref="UnlockFlock"/>.</summary>
    public uint ReleaseFlags;

    /// <summary>Who holds locks.</summary>
    public ulong LockOwner;
}

/// <summary><c>struct fuse_flush_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FlushIn
{
    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary>Unused.</summary>
    public uint Unused;

    /// <summary>Unused.</summary>
    public uint Padding;

    /// <summary>Who holds locks.</summary>
    public ulong LockOwner;
}

/// <summary><c>struct fuse_read_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ReadIn
{
    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary>Where, in bytes.</summary>
    public ulong Offset;

    /// <summary>How much, in bytes.</summary>
    public uint Size;

    /// <summary><c>FUSE_READ_LOCKOWNER</c>.</summary>
    public uint ReadFlags;

    /// <summary>Who holds locks.</summary>
    public ulong LockOwner;

    /// <summary>As at open, perhaps changed by fcntl(2) since.</summary>
    public uint Flags;

    /// <summary>Unused.</summary>
    public uint Padding;
}

/// <summary><c>struct fuse_write_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct WriteIn
{
    /// <summary><c>FUSE_WRITE_CACHE</c>: from the page cache, by a handle that may be another's.</summary>
    public const uint FromCache = 1;

    /// <summary><c>FUSE_WRITE_KILL_SUIDGID</c>: clears SUID and SGID.</summary>
    public const uint KillSetId = 4;

    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary>Where, in bytes.</summary>
    public ulong Offset;

    /// <summary>How much, in bytes.</summary>
    public uint Size;

    /// <summary><see cref="FromCache"/>, <see cref="KillSetId"/>.</summary>
    public uint WriteFlags;

    /// <summary>Who holds locks.</summary>
    public ulong LockOwner;

    /// <summary>As at open, perhaps changed by fcntl(2) since.</summary>
    public uint Flags;

    /// <summary>Unused.</summary>
    public uint Padding;
}

/// <summary><c>struct fuse_write_out</c>, and of the same shape <c>struct fuse_copy_file_range</c>'s 32-bit answer.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct WriteOut
{
    /// <summary>Bytes written.</summary>
    public uint Size;

    /// <summary>Unused.</summary>
    public uint Padding;
}

/// <summary><c>struct fuse_fsync_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SyncIn
{
    /// <summary><c>FUSE_FSYNC_FDATASYNC</c>: data only.</summary>
    public const uint DataOnly = 1;

    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary><see cref="DataOnly"/>.</summary>
    public uint Flags;

    /// <summary>Unused.</summary>
    public uint Padding;
}

/// <summary><c>struct fuse_fallocate_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct AllocateIn
{
    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary>Where, in bytes.</summary>
    public ulong Offset;

    /// <summary>How much, in bytes.</summary>
    public ulong Length;

    /// <summary><c>FALLOC_FL_…</c> (<c>linux/falloc.h</c>).</summary>
    public uint Mode;

    /// <summary>Unused.</summary>
    public uint Padding;
}

/// <summary><c>struct fuse_lseek_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SeekIn
{
    /// <summary>The open file's handle.</summary>
    public ulong Handle;

    /// <summary>Where, in bytes.</summary>
    public ulong Offset;

    /// <summary><c>SEEK_…</c>.</summary>
    public uint Whence;

    /// <summary>Unused.</summary>
    public uint Padding;
}

/// <summary><c>struct fuse_lseek_out</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SeekOut
{
    /// <summary>Where it led to, in bytes.</summary>
    public ulong Offset;
}

/// <summary><c>struct fuse_copy_file_range_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CopyFileRangeIn
{
    /// <summary>The source's handle.</summary>
    public ulong SourceHandle;

    /// <summary>Where in the source, in bytes.</summary>
    public ulong SourceOffset;

    /// <summary>The target's inode.</summary>
    public ulong TargetNodeId;

    /// <summary>The target's handle.</summary>
    public ulong TargetHandle;

    /// <summary>Where in the target, in bytes.</summary>
    public ulong TargetOffset;

    /// <summary>How much, in bytes.</summary>
    public ulong Length;

    /// <summary>None are defined.</summary>
    public ulong Flags;
}

/// <summary><c>struct fuse_copy_file_range_out</c> (7.45).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CopyFileRangeOut
{
    /// <summary>Bytes copied.</summary>
    public ulong BytesCopied;
}

/// <summary><c>struct fuse_syncfs_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SyncFileSystemIn
{
    /// <summary>Unused.</summary>
    public ulong Padding;
}
