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
