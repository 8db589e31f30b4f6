using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>
/// Names in directories, and inodes held by path references (<c>O_PATH</c>). All names are NUL-terminated. Results are zero or
/// more, or a negated error number.
/// </summary>
public static unsafe class PathCalls
{
    /// <summary><c>AT_SYMLINK_NOFOLLOW</c> (<c>linux/fcntl.h</c>).</summary>
    public const int NoFollow = 0x100;

    /// <summary><c>AT_REMOVEDIR</c>.</summary>
    public const int RemoveDirectory = 0x200;

    /// <summary><c>AT_SYMLINK_FOLLOW</c>.</summary>
    public const int Follow = 0x400;

    /// <summary><c>AT_EMPTY_PATH</c>: an empty name means the descriptor itself.</summary>
    public const int EmptyPath = 0x1000;

    // The same number on every architecture (asm-generic/unistd.h).
    private const int FChModAt2Number = 452;

    /// <summary><c>mkdirat(2)</c>.</summary>
    public static int MakeDirectory(int directory, byte* name, uint mode) => LibC.Result(LibC.mkdirat(directory, name, mode));

    /// <summary><c>mknodat(2)</c>.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="name">What name.</param>
    /// <param name="mode">Type and permission.</param>
    /// <param name="device">As <c>makedev(3)</c> packs it.</param>
    public static int MakeNode(int directory, byte* name, uint mode, ulong device) =>
        LibC.Result(LibC.mknodat(directory, name, mode, device));

    /// <summary><c>symlinkat(2)</c>.</summary>
    public static int MakeSymbolicLink(byte* target, int directory, byte* name) => LibC.Result(LibC.symlinkat(target, directory, name));

    /// <summary><c>linkat(2)</c>.</summary>
    public static int Link(int source, byte* sourceName, int directory, byte* name, int flags) =>
        LibC.Result(LibC.linkat(source, sourceName, directory, name, flags));

    /// <summary><c>unlinkat(2)</c>; <see cref="RemoveDirectory"/> for a directory.</summary>
    public static int Unlink(int directory, byte* name, int flags) => LibC.Result(LibC.unlinkat(directory, name, flags));

    /// <summary><c>renameat2(2)</c>.</summary>
    public static int Rename(int source, byte* sourceName, int target, byte* targetName, uint flags) =>
        LibC.Result(LibC.renameat2(source, sourceName, target, targetName, flags));

    /// <summary><c>readlinkat(2)</c> of a path reference to a link. Bytes, without a NUL.</summary>
    public static nint ReadLink(int descriptor, byte* buffer, nuint size)
    {
        byte empty = 0;
        return LibC.Result(LibC.readlinkat(descriptor, &empty, buffer, size));
    }

    /// <summary><c>fchmodat2(2)</c> of a path reference; ENOSYS before Linux 6.6.</summary>
    public static int ChangeMode(int descriptor, uint mode)
    {
        byte empty = 0;
        return (int)LibC.SystemCall(FChModAt2Number, descriptor, (nint)(&empty), (nint)mode, EmptyPath);
    }

    /// <summary><c>fchmodat(2)</c>, following links.</summary>
    public static int ChangeMode(int directory, byte* name, uint mode) => LibC.Result(LibC.fchmodat(directory, name, mode, 0));

    /// <summary>
    /// <c>fchownat(2)</c> of a path reference or an open file. EINVAL for <see cref="RequestThread.InvalidId"/>, which the kernel would take
    /// for no change.
    /// </summary>
    /// <param name="descriptor">The file.</param>
    /// <param name="userId">The new owner, or null to leave it.</param>
    /// <param name="groupId">The new group, or null to leave it.</param>
    public static int ChangeOwner(int descriptor, uint? userId, uint? groupId)
    {
        const uint NoChange = uint.MaxValue;
        if (userId == RequestThread.InvalidId || groupId == RequestThread.InvalidId)
        {
            return -Errno.EINVAL;
        }

        byte empty = 0;
        return LibC.Result(LibC.fchownat(descriptor, &empty, userId ?? NoChange, groupId ?? NoChange, EmptyPath));
    }

    /// <summary><c>utimensat(2)</c> of a path reference or an open file; EINVAL before Linux 5.8.</summary>
    public static int ChangeTimes(int descriptor, in TimePair times)
    {
        byte empty = 0;
        fixed (TimePair* pair = &times)
        {
            return LibC.Result(LibC.utimensat(descriptor, &empty, pair, EmptyPath));
        }
    }

    /// <summary><c>utimensat(2)</c>, following links.</summary>
    public static int ChangeTimes(int directory, byte* name, in TimePair times)
    {
        fixed (TimePair* pair = &times)
        {
            return LibC.Result(LibC.utimensat(directory, name, pair, 0));
        }
    }

    /// <summary><c>readlinkat(2)</c> of a name in a directory. Bytes of the target, of which the buffer holds no more than its size.</summary>
    public static nint ReadLink(int directory, byte* name, byte* buffer, nuint size) =>
        LibC.Result(LibC.readlinkat(directory, name, buffer, size));

    /// <summary><c>getdents64(2)</c>. Bytes of <c>struct linux_dirent64</c>, 0 at the end.</summary>
    public static nint ReadDirectory(int descriptor, byte* buffer, nuint size) => LibC.Result(LibC.getdents64(descriptor, buffer, size));
}

/// <summary>Access and modification time for a change (<c>struct timespec[2]</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct TimePair
{
    /// <summary>In place of nanoseconds: now (<c>UTIME_NOW</c>).</summary>
    public const long Now = (1L << 30) - 1;

    /// <summary>In place of nanoseconds: leave as it is (<c>UTIME_OMIT</c>).</summary>
    public const long Omit = (1L << 30) - 2;

    /// <summary>Access time, seconds.</summary>
    public long AccessSeconds;

    /// <summary>Access time, nanoseconds, <see cref="Now"/> or <see cref="Omit"/>.</summary>
    public long AccessNanoseconds;

    /// <summary>Modification time, seconds.</summary>
    public long ModificationSeconds;

    /// <summary>Modification time, nanoseconds, <see cref="Now"/> or <see cref="Omit"/>.</summary>
    public long ModificationNanoseconds;
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int mkdirat(int directory, byte* name, uint mode);

    [LibraryImport(Library)]
    internal static partial int mknodat(int directory, byte* name, uint mode, ulong device);

    [LibraryImport(Library)]
    internal static partial int symlinkat(byte* target, int directory, byte* name);

    [LibraryImport(Library)]
    internal static partial int linkat(int source, byte* sourceName, int directory, byte* name, int flags);

    [LibraryImport(Library)]
    internal static partial int unlinkat(int directory, byte* name, int flags);

    [LibraryImport(Library)]
    internal static partial int renameat2(int source, byte* sourceName, int target, byte* targetName, uint flags);

    [LibraryImport(Library)]
    internal static partial nint readlinkat(int directory, byte* name, byte* buffer, nuint size);

    [LibraryImport(Library)]
    internal static partial int fchmodat(int directory, byte* name, uint mode, int flags);

    [LibraryImport(Library)]
    internal static partial int fchownat(int directory, byte* name, uint userId, uint groupId, int flags);

    [LibraryImport(Library)]
    internal static partial int utimensat(int directory, byte* name, TimePair* times, int flags);

    [LibraryImport(Library)]
    internal static partial nint getdents64(int fd, byte* buffer, nuint size);
}
