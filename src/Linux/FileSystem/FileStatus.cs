using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>What the kernel tells of a file (<c>struct statx</c>, <c>linux/stat.h</c>, 256 bytes).</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
public struct FileStatus
{
    /// <summary><c>STATX_BASIC_STATS</c>: all that stat(2) knows.</summary>
    public const uint Basic = 0x7ff;

    /// <summary><c>STATX_BTIME</c>.</summary>
    public const uint BirthTimeKnown = 0x800;

    /// <summary><c>STATX_MNT_ID</c> (Linux 5.8).</summary>
    public const uint MountKnown = 0x1000;

    /// <summary><c>STATX_ATTR_MOUNT_ROOT</c>: the root of a mount.</summary>
    public const ulong MountRoot = 0x2000;

    /// <summary>Mask of the file type in a mode (<c>S_IFMT</c>).</summary>
    public const uint TypeMask = 0xF000;

    /// <summary><c>S_IFSOCK</c>.</summary>
    public const uint Socket = 0xC000;

    /// <summary><c>S_IFIFO</c>.</summary>
    public const uint Pipe = 0x1000;

    /// <summary><c>S_IFLNK</c>.</summary>
    public const uint SymbolicLink = 0xA000;

    /// <summary><c>S_IFBLK</c>.</summary>
    public const uint BlockDevice = 0x6000;

    /// <summary><c>S_IFCHR</c>.</summary>
    public const uint CharacterDevice = 0x2000;

    /// <summary><c>S_IFREG</c>.</summary>
    public const uint Regular = 0x8000;

    /// <summary><c>S_IFDIR</c>.</summary>
    public const uint Directory = 0x4000;

    /// <summary>Which fields are filled in.</summary>
    public uint Mask;

    /// <summary>Preferred size of input and output, in bytes.</summary>
    public uint BlockSize;

    /// <summary>Flags such as <see cref="MountRoot"/>.</summary>
    public ulong Attributes;

    /// <summary>Names that the file has.</summary>
    public uint LinkCount;

    /// <summary>Owner.</summary>
    public uint UserId;

    /// <summary>Group.</summary>
    public uint GroupId;

    /// <summary>Type and permission.</summary>
    public ushort Mode;

    private readonly ushort _spare0;

    /// <summary>Inode number.</summary>
    public ulong Inode;

    /// <summary>Size in bytes.</summary>
    public ulong Size;

    /// <summary>Space used, in units of 512 bytes.</summary>
    public ulong Blocks;

    /// <summary>Which of <see cref="Attributes"/> the file system knows of.</summary>
    public ulong AttributesMask;

    /// <summary>Last access.</summary>
    public FileTime AccessTime;

    /// <summary>Creation, where <see cref="BirthTimeKnown"/>.</summary>
    public FileTime BirthTime;

    /// <summary>Last change of the inode.</summary>
    public FileTime ChangeTime;

    /// <summary>Last change of the content.</summary>
    public FileTime ModificationTime;

    /// <summary>Major number of the device that a device file stands for.</summary>
    public uint RepresentedMajor;

    /// <summary>Minor number of the device that a device file stands for.</summary>
    public uint RepresentedMinor;

    /// <summary>Major number of the device that the file lies on.</summary>
    public uint DeviceMajor;

    /// <summary>Minor number of the device that the file lies on.</summary>
    public uint DeviceMinor;

    /// <summary>Mount that the file was reached through, where <see cref="MountKnown"/>.</summary>
    public ulong MountId;

    /// <summary>The type part of <see cref="Mode"/>.</summary>
    public readonly uint Type => Mode & TypeMask;

    /// <summary>Asks about a name in a directory, never following a link and never triggering an automount. Zero, or a negated error number.</summary>
    public static unsafe int Of(int directory, byte* name, out FileStatus status)
    {
        const int NoFollow = 0x100, NoAutomount = 0x800;
        return Of(directory, name, NoFollow | NoAutomount, out status);
    }

    /// <summary>Asks about an open file or a path reference.</summary>
    public static unsafe int Of(int descriptor, out FileStatus status)
    {
        byte empty = 0;
        return Of(descriptor, &empty, PathCalls.EmptyPath, out status);
    }

    /// <summary>Asks about an open file what this kernel knows of it, and never the server of its file system (<c>AT_STATX_DONT_SYNC</c>).</summary>
    public static unsafe int OfUnsynchronized(int descriptor, out FileStatus status)
    {
        const int DontSync = 0x4000;
        byte empty = 0;
        return Of(descriptor, &empty, PathCalls.EmptyPath | DontSync, out status);
    }

    [SkipLocalsInit]
    private static unsafe int Of(int directory, byte* path, int flags, out FileStatus status)
    {
        Unsafe.SkipInit(out status);
        fixed (FileStatus* target = &status)
        {
            return LibC.Result(LibC.statx(directory, path, flags, Basic | BirthTimeKnown | MountKnown, target));
        }
    }
}

/// <summary>A time of a file (<c>struct statx_timestamp</c>, <c>linux/stat.h</c>).</summary>
/// <param name="Seconds">Since 1970, may be negative.</param>
/// <param name="Nanoseconds">0 to 999,999,999.</param>
[StructLayout(LayoutKind.Sequential, Size = 16)]
public readonly record struct FileTime(long Seconds, uint Nanoseconds);

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int statx(int directory, byte* path, int flags, uint mask, FileStatus* status);
}
