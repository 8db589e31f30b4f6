using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VirtioFs.LibvirtXml.Files;

/// <summary>The system calls that replace a file without following a name twice, which the base class library lacks.</summary>
internal static unsafe partial class FileCalls
{
    public const int NotPermitted = 1, NoEntry = 2, TryAgain = 11, NoAccess = 13, Exists = 17, InvalidArgument = 22, NoData = 61;
    public const int NotSupported = 95;

    public const int OpenReadWrite = 2, OpenWriteOnly = 1, OpenCreate = 0x40, OpenExclusive = 0x80, OpenNonBlocking = 0x800, OpenCloseOnExec = 0x80000;

    /// <summary>`O_PATH`: a reference to a file that opens nothing.</summary>
    public const int OpenPath = 0x200000;

    private const int CurrentDirectory = -100;
    private const uint RenameNoReplace = 1;
    private const int OfdSetLock = 37;
    private const short WriteLock = 1;

    /// <summary>`O_DIRECTORY` and `O_NOFOLLOW`, whose numbers differ between x86 and Arm (`asm/fcntl.h`).</summary>
    public static int OpenDirectory { get; } = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x4000 : 0x10000;

    /// <inheritdoc cref="OpenDirectory"/>
    public static int OpenNoFollow { get; } = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    /// <summary>Opens a file; null, with the error number, when that fails.</summary>
    public static SafeFileHandle? Open(SafeFileHandle? folder, string name, int flags, uint mode, out int error)
    {
        int descriptor;
        do
        {
            descriptor = openat(Number(folder), name, flags | OpenCloseOnExec, mode);
            error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (error == 4);
        GC.KeepAlive(folder);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    public static int Remove(SafeFileHandle folder, string name) => Result(unlinkat(Number(folder), name, 0), folder);

    public static int Rename(SafeFileHandle folder, string from, string to) => Result(renameat(Number(folder), from, Number(folder), to), folder);

    /// <summary>Renames unless the new name is taken; where the file system cannot do that (NFS), by a second name.</summary>
    public static int RenameToNew(SafeFileHandle folder, string from, string to)
    {
        int error = Result(renameat2(Number(folder), from, Number(folder), to, RenameNoReplace), folder);
        if (error != InvalidArgument)
        {
            return error;
        }

        error = Result(linkat(Number(folder), from, Number(folder), to, 0), folder);
        return error != 0 ? error : Remove(folder, from);
    }

    public static int SetOwner(SafeFileHandle file, uint user, uint group) => Result(fchown(Number(file), user, group), file);

    public static int SetMode(SafeFileHandle file, UnixFileMode mode) => Result(fchmod(Number(file), (uint)mode), file);

    public static int Flush(SafeFileHandle file) => Result(fsync(Number(file)), file);

    /// <summary>Takes a write lock of the open file description, without waiting (fcntl(2), `F_OFD_SETLK`).</summary>
    public static int TryLock(SafeFileHandle file)
    {
        // struct flock, 64 bit: type and whence, then start, length and process, all of which stay 0.
        long* record = stackalloc long[4];
        new Span<long>(record, 4).Clear();
        *(short*)record = WriteLock;
        return Result(fcntl(Number(file), OfdSetLock, record), file);
    }

    /// <summary>`struct statx` of what a name stands for; with an empty name, of the folder handle itself.</summary>
    public static int Status(SafeFileHandle? folder, string name, byte* status)
    {
        const int NoFollow = 0x100, EmptyPath = 0x1000;
        const uint BasicStatistics = 0x7ff;
        return Result(statx(Number(folder), name, NoFollow | (name.Length == 0 ? EmptyPath : 0), BasicStatistics, status), folder);
    }

    public static uint EffectiveUser() => geteuid();

    private static int Number(SafeFileHandle? folder) => folder is null ? CurrentDirectory : (int)folder.DangerousGetHandle();

    private static int Result(int result, SafeFileHandle? held)
    {
        int error = result < 0 ? Marshal.GetLastPInvokeError() : 0;
        GC.KeepAlive(held);
        return error;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int openat(int folder, string name, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int unlinkat(int folder, string name, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int renameat(int folder, string name, int newFolder, string newName);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int renameat2(int folder, string name, int newFolder, string newName, uint flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int linkat(int folder, string name, int newFolder, string newName, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchown(int file, uint user, uint group);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchmod(int file, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int file, int command, long* argument);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int folder, string name, int flags, uint mask, byte* status);

    [LibraryImport("libc")]
    private static partial uint geteuid();
}
