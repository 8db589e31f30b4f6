using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>What the kernel tells of a file system (<c>struct statfs</c>, <c>asm-generic/statfs.h</c>, 120 bytes).</summary>
[StructLayout(LayoutKind.Sequential, Size = 120)]
public struct FileSystemStatus
{
    /// <summary>The file system's magic number (<c>linux/magic.h</c>).</summary>
    public long Type;

    /// <summary>Block size in bytes.</summary>
    public long BlockSize;

    /// <summary>All blocks.</summary>
    public ulong Blocks;

    /// <summary>Free blocks.</summary>
    public ulong FreeBlocks;

    /// <summary>Free blocks for ordinary users.</summary>
    public ulong AvailableBlocks;

    /// <summary>All inodes.</summary>
    public ulong Files;

    /// <summary>Free inodes.</summary>
    public ulong FreeFiles;

    /// <summary>The file system's own number.</summary>
    public ulong Id;

    /// <summary>Longest name in bytes.</summary>
    public long NameLength;

    /// <summary>Fragment size in bytes; the unit of the block counts.</summary>
    public long FragmentSize;

    /// <summary>Mount flags.</summary>
    public long Flags;

    /// <summary>Asks about the file system of a descriptor, which may be a path reference. Zero, or a negated error number.</summary>
    public static unsafe int Of(int descriptor, out FileSystemStatus status)
    {
        FileSystemStatus value = default;
        int result = LibC.Result(LibC.fstatfs(descriptor, &value));
        status = value;
        return result;
    }
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int fstatfs(int fd, FileSystemStatus* status);
}
