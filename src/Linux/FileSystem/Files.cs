using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>Open files: opening, data, and what else needs an open description. Results are zero or more, or a negated error number.</summary>
public static unsafe class Files
{
    /// <summary>Instead of a directory's descriptor: the thread's working directory (<c>AT_FDCWD</c>).</summary>
    public const int WorkingDirectory = -100;

    /// <summary>For reads and writes: EAGAIN instead of waiting (<c>RWF_NOWAIT</c>, <c>linux/fs.h</c>).</summary>
    public const int NoWait = 8;

    private const int GetFlags = 3, SetFlags = 4;

    /// <summary><c>openat(2)</c>. Close-on-exec is always added.</summary>
    public static int Open(int directory, byte* path, int flags, uint mode = 0)
    {
        int result;
        do
        {
            result = LibC.Result(LibC.openat(directory, path, flags | OpenFlags.CloseOnExec, mode));
        }
        while (result == -Errno.EINTR);
        return result;
    }

    /// <summary>
    /// <c>openat2(2)</c> of a path that neither leaves the directory nor goes through any symbolic link (with
    /// <see cref="OpenFlags.Path"/> and <see cref="OpenFlags.NoFollow"/> it may end at one). Close-on-exec is always added.
    /// </summary>
    public static int OpenBeneath(int directory, byte* path, int flags)
    {
        // The same number on every architecture (asm-generic/unistd.h); the flags are of linux/openat2.h.
        const int OpenAt2Number = 437;
        const ulong NoSymbolicLinks = 4, Beneath = 8;
        ulong* how = stackalloc ulong[] { (uint)(flags | OpenFlags.CloseOnExec), 0, NoSymbolicLinks | Beneath };
        int result;
        do
        {
            result = (int)LibC.SystemCall(OpenAt2Number, directory, (nint)path, (nint)how, 3 * sizeof(ulong));
        }
        while (result is -Errno.EINTR or -Errno.EAGAIN);
        return result;
    }

    /// <summary>Opens a path of the host, for set-up outside of the request path.</summary>
    public static int Open(string path, int flags, uint mode = 0)
    {
        fixed (byte* bytes = System.Text.Encoding.UTF8.GetBytes(path + "\0"))
        {
            return Open(WorkingDirectory, bytes, flags, mode);
        }
    }

    /// <summary><c>preadv2(2)</c>, once for at most <see cref="IoVec.Maximum"/> pieces. Bytes read; fewer than asked at the end of the file.</summary>
    public static nint Read(int descriptor, ReadOnlySpan<IoVec> pieces, long offset, int flags = 0)
    {
        fixed (IoVec* first = pieces)
        {
            nint result;
            do
            {
                result = LibC.Result(LibC.preadv2(descriptor, first, Math.Min(pieces.Length, IoVec.Maximum), offset, flags));
            }
            while (result == -Errno.EINTR);
            return result;
        }
    }

    /// <summary><c>pwritev2(2)</c>, once for at most <see cref="IoVec.Maximum"/> pieces. Bytes written.</summary>
    public static nint Write(int descriptor, ReadOnlySpan<IoVec> pieces, long offset, int flags = 0)
    {
        fixed (IoVec* first = pieces)
        {
            nint result;
            do
            {
                result = LibC.Result(LibC.pwritev2(descriptor, first, Math.Min(pieces.Length, IoVec.Maximum), offset, flags));
            }
            while (result == -Errno.EINTR);
            return result;
        }
    }

    /// <summary><c>fsync(2)</c>.</summary>
    public static int Sync(int descriptor) => LibC.Result(LibC.fsync(descriptor));

    /// <summary><c>fdatasync(2)</c>.</summary>
    public static int SyncData(int descriptor) => LibC.Result(LibC.fdatasync(descriptor));

    /// <summary><c>syncfs(2)</c>: the whole file system that the descriptor (opened, not a path reference) lies on.</summary>
    public static int SyncFileSystem(int descriptor) => LibC.Result(LibC.syncfs(descriptor));

    /// <summary><c>ftruncate(2)</c>.</summary>
    public static int Truncate(int descriptor, long length)
    {
        int result;
        do
        {
            result = LibC.Result(LibC.ftruncate(descriptor, length));
        }
        while (result == -Errno.EINTR);
        return result;
    }

    /// <summary><c>fallocate(2)</c> with the modes of <c>linux/falloc.h</c>.</summary>
    public static int Allocate(int descriptor, int mode, long offset, long length)
    {
        int result;
        do
        {
            result = LibC.Result(LibC.fallocate(descriptor, mode, offset, length));
        }
        while (result == -Errno.EINTR);
        return result;
    }

    /// <summary><c>lseek(2)</c>. The new offset.</summary>
    public static long Seek(int descriptor, long offset, int whence) => LibC.Result((nint)LibC.lseek(descriptor, offset, whence));

    /// <summary><c>copy_file_range(2)</c>. Bytes copied.</summary>
    public static nint CopyRange(int source, long sourceOffset, int target, long targetOffset, nuint length, uint flags) =>
        LibC.Result(LibC.copy_file_range(source, &sourceOffset, target, &targetOffset, length, flags));

    /// <summary>What a file is open for (<c>F_GETFL</c>): <see cref="OpenFlags.ReadOnly"/>, <see cref="OpenFlags.WriteOnly"/> or <see cref="OpenFlags.ReadWrite"/>.</summary>
    public static int AccessMode(int descriptor)
    {
        int flags = LibC.Result(LibC.fcntl(descriptor, GetFlags, 0));
        return flags < 0 ? flags : flags & OpenFlags.AccessMode;
    }

    /// <summary>Whether an open file has <c>O_APPEND</c>, with which each write goes to the end (<c>F_GETFL</c>).</summary>
    public static bool Appends(int descriptor)
    {
        int flags = LibC.Result(LibC.fcntl(descriptor, GetFlags, 0));
        return flags >= 0 && (flags & OpenFlags.Append) != 0;
    }

    /// <summary>Takes <c>O_DIRECT</c> from an open file (<c>F_SETFL</c>). False where it was not set, or stays.</summary>
    public static bool LeaveDirect(int descriptor)
    {
        int flags = LibC.Result(LibC.fcntl(descriptor, GetFlags, 0));
        return flags >= 0 && (flags & OpenFlags.Direct) != 0
            && LibC.Result(LibC.fcntl(descriptor, SetFlags, flags & ~OpenFlags.Direct)) == 0;
    }

    /// <summary><c>dup(2)</c>, close-on-exec.</summary>
    public static int Duplicate(int descriptor)
    {
        const int DuplicateCloseOnExec = 1030;
        return LibC.Result(LibC.fcntl(descriptor, DuplicateCloseOnExec, 0));
    }
}

internal static unsafe partial class LibC
{
    // open and fcntl are variadic; see SystemCall for why an integer argument may be declared as an ordinary one.
    [LibraryImport(Library)]
    internal static partial int openat(int directory, byte* path, int flags, uint mode);

    [LibraryImport(Library)]
    internal static partial nint preadv2(int fd, IoVec* pieces, int count, long offset, int flags);

    [LibraryImport(Library)]
    internal static partial nint pwritev2(int fd, IoVec* pieces, int count, long offset, int flags);

    [LibraryImport(Library)]
    internal static partial int fsync(int fd);

    [LibraryImport(Library)]
    internal static partial int fdatasync(int fd);

    [LibraryImport(Library)]
    internal static partial int syncfs(int fd);

    [LibraryImport(Library)]
    internal static partial int fallocate(int fd, int mode, long offset, long length);

    [LibraryImport(Library)]
    internal static partial long lseek(int fd, long offset, int whence);

    [LibraryImport(Library)]
    internal static partial nint copy_file_range(int source, long* sourceOffset, int target, long* targetOffset, nuint length, uint flags);
}
