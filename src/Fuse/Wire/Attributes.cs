using System.Runtime.InteropServices;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Wire;

/// <summary><c>struct fuse_attr</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct InodeAttributes
{
    /// <summary><c>FUSE_ATTR_SUBMOUNT</c>: the root of a mount inside of the share.</summary>
    public const uint Submount = 1;

    /// <summary>Inode number.</summary>
    public ulong Inode;

    /// <summary>Bytes.</summary>
    public ulong Size;

    /// <summary>Units of 512 bytes.</summary>
    public ulong Blocks;

    /// <summary>Seconds of the last access.</summary>
    public ulong AccessTime;

    /// <summary>Seconds of the last change of content.</summary>
    public ulong ModificationTime;

    /// <summary>Seconds of the last change of the inode.</summary>
    public ulong ChangeTime;

    /// <summary>Nanoseconds of the last access.</summary>
    public uint AccessNanoseconds;

    /// <summary>Nanoseconds of the last change of content.</summary>
    public uint ModificationNanoseconds;

    /// <summary>Nanoseconds of the last change of the inode.</summary>
    public uint ChangeNanoseconds;

    /// <summary>Type and permission.</summary>
    public uint Mode;

    /// <summary>Names.</summary>
    public uint LinkCount;

    /// <summary>Owner.</summary>
    public uint UserId;

    /// <summary>Group.</summary>
    public uint GroupId;

    /// <summary>The device that a device file stands for, as the kernel's new_encode_dev packs it.</summary>
    public uint Device;

    /// <summary>Preferred size of input and output in bytes.</summary>
    public uint BlockSize;

    /// <summary>Flags, <see cref="Submount"/>.</summary>
    public uint Flags;

    /// <summary>Converts what statx(2) told.</summary>
    public static InodeAttributes From(in FileStatus status) => new()
    {
        Inode = status.Inode,
        Size = status.Size,
        Blocks = status.Blocks,
        AccessTime = (ulong)status.AccessTime.Seconds,
        ModificationTime = (ulong)status.ModificationTime.Seconds,
        ChangeTime = (ulong)status.ChangeTime.Seconds,
        AccessNanoseconds = status.AccessTime.Nanoseconds,
        ModificationNanoseconds = status.ModificationTime.Nanoseconds,
        ChangeNanoseconds = status.ChangeTime.Nanoseconds,
        Mode = status.Mode,
        LinkCount = status.LinkCount,
        UserId = status.UserId,
        GroupId = status.GroupId,
        Device = DeviceNumber.Pack(status.RepresentedMajor, status.RepresentedMinor),
        BlockSize = status.BlockSize,
    };
}

/// <summary><c>struct fuse_entry_out</c>: what a name leads to.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct EntryOut
{
    /// <summary>The inode, 0 for a name that is known not to be there.</summary>
    public ulong NodeId;

    /// <summary>With the inode unique for ever; ours are so by themselves.</summary>
    public ulong Generation;

    /// <summary>Seconds that the name stays good.</summary>
    public ulong EntryValidSeconds;

    /// <summary>Seconds that the attributes stay good.</summary>
    public ulong AttributesValidSeconds;

    /// <summary>Nanoseconds beside.</summary>
    public uint EntryValidNanoseconds;

    /// <summary>Nanoseconds beside.</summary>
    public uint AttributesValidNanoseconds;

    /// <summary>The attributes.</summary>
    public InodeAttributes Attributes;
}

/// <summary><c>struct fuse_attr_out</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct AttributesOut
{
    /// <summary>Seconds that they stay good.</summary>
    public ulong ValidSeconds;

    /// <summary>Nanoseconds beside.</summary>
    public uint ValidNanoseconds;

    /// <summary>Unused.</summary>
    public uint Unused;

    /// <summary>The attributes.</summary>
    public InodeAttributes Attributes;
}

/// <summary><c>struct fuse_getattr_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct GetAttributesIn
{
    /// <summary><c>FUSE_GETATTR_FH</c>: the handle is valid.</summary>
    public const uint HandleValid = 1;

    /// <summary>Flags.</summary>
    public uint Flags;

    /// <summary>Unused.</summary>
    public uint Unused;

    /// <summary>An open file's handle.</summary>
    public ulong Handle;
}

/// <summary>Which fields of <see cref="SetAttributesIn"/> are meant (<c>FATTR_…</c>).</summary>
[Flags]
public enum AttributeChanges : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><c>FATTR_MODE</c>.</summary>
    Mode = 1 << 0,

    /// <summary><c>FATTR_UID</c>.</summary>
    UserId = 1 << 1,

    /// <summary><c>FATTR_GID</c>.</summary>
    GroupId = 1 << 2,

    /// <summary><c>FATTR_SIZE</c>.</summary>
    Size = 1 << 3,

    /// <summary><c>FATTR_ATIME</c>.</summary>
    AccessTime = 1 << 4,

    /// <summary><c>FATTR_MTIME</c>.</summary>
    ModificationTime = 1 << 5,

    /// <summary><c>FATTR_FH</c>.</summary>
    Handle = 1 << 6,

    /// <summary><c>FATTR_ATIME_NOW</c>.</summary>
    AccessTimeNow = 1 << 7,

    /// <summary><c>FATTR_MTIME_NOW</c>.</summary>
    ModificationTimeNow = 1 << 8,

    /// <summary><c>FATTR_LOCKOWNER</c>.</summary>
    LockOwner = 1 << 9,

    /// <summary><c>FATTR_CTIME</c>.</summary>
    ChangeTime = 1 << 10,

    /// <summary><c>FATTR_KILL_SUIDGID</c>.</summary>
    KillSetId = 1 << 11,
}

/// <summary><c>struct fuse_setattr_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SetAttributesIn
{
    /// <summary>Which fields are meant.</summary>
    public AttributeChanges Valid;

    /// <summary>Unused.</summary>
    public uint Padding;

    /// <summary>An open file's handle.</summary>
    public ulong Handle;

    /// <summary>Bytes.</summary>
    public ulong Size;

    /// <summary>Who holds locks.</summary>
    public ulong LockOwner;

    /// <summary>Seconds.</summary>
    public ulong AccessTime;

    /// <summary>Seconds.</summary>
    public ulong ModificationTime;

    /// <summary>Seconds.</summary>
    public ulong ChangeTime;

    /// <summary>Nanoseconds.</summary>
    public uint AccessNanoseconds;

    /// <summary>Nanoseconds.</summary>
    public uint ModificationNanoseconds;

    /// <summary>Nanoseconds.</summary>
    public uint ChangeNanoseconds;

    /// <summary>Type and permission.</summary>
    public uint Mode;

    /// <summary>Unused.</summary>
    public uint Unused4;

    /// <summary>Owner.</summary>
    public uint UserId;

    /// <summary>Group.</summary>
    public uint GroupId;

    /// <summary>Unused.</summary>
    public uint Unused5;
}

/// <summary><c>struct fuse_access_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct AccessIn
{
    /// <summary><c>R_OK</c>, <c>W_OK</c>, <c>X_OK</c>.</summary>
    public uint Mask;

    /// <summary>Unused.</summary>
    public uint Padding;
}

/// <summary><c>struct fuse_kstatfs</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct FileSystemStatusOut
{
    /// <summary>All blocks.</summary>
    public ulong Blocks;

    /// <summary>Free blocks.</summary>
    public ulong FreeBlocks;

    /// <summary>Free for ordinary users.</summary>
    public ulong AvailableBlocks;

    /// <summary>All inodes.</summary>
    public ulong Files;

    /// <summary>Free inodes.</summary>
    public ulong FreeFiles;

    /// <summary>Bytes of a block.</summary>
    public uint BlockSize;

    /// <summary>Longest name in bytes.</summary>
    public uint NameLength;

    /// <summary>Bytes of a fragment.</summary>
    public uint FragmentSize;

    /// <summary>Unused.</summary>
    public uint Padding;

    /// <summary>Unused.</summary>
    public fixed uint Spare[6];
}

/// <summary>Device numbers in 32 bits, as Linux packs them for user space (<c>new_encode_dev</c>, <c>linux/kdev_t.h</c>).</summary>
public static class DeviceNumber
{
    /// <summary>Packs a pair.</summary>
    public static uint Pack(uint major, uint minor) => (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}
