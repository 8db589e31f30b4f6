using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>
/// Locks on files that belong to an open file description, not to the process (<c>fcntl(2)</c>, "Open file description locks";
/// <c>flock(2)</c>), so that one process can hold them for many owners. No call here waits.
/// </summary>
public static unsafe class FileLocks
{
    /// <summary><c>F_RDLCK</c>.</summary>
    public const short Read = 0;

    /// <summary><c>F_WRLCK</c>.</summary>
    public const short Write = 1;

    /// <summary><c>F_UNLCK</c>.</summary>
    public const short Unlock = 2;

    private const int OfdGet = 36, OfdSet = 37;
    private const int FlockShared = 1, FlockExclusive = 2, FlockUnlock = 8, FlockNoWait = 4;

    /// <summary>Takes or gives up a range. EAGAIN when somebody else's lock is in the way.</summary>
    /// <param name="descriptor">Open for what the type needs: reading, or writing.</param>
    /// <param name="type"><see cref="Read"/>, <see cref="Write"/> or <see cref="Unlock"/>.</param>
    /// <param name="start">The first byte.</param>
    /// <param name="length">Bytes; 0 up to the end, wherever it will be.</param>
    public static int Set(int descriptor, short type, long start, long length)
    {
        RecordLock record = new() { Type = type, Start = start, Length = length };
        return LibC.Result(LibC.fcntl(descriptor, OfdSet, (nint)(&record)));
    }

    /// <summary>Asks whose lock is in the way.</summary>
    /// <param name="descriptor">An open file.</param>
    /// <param name="type">The type that is wanted; <see cref="Unlock"/> afterwards when nothing is in the way, else the type of the other's.</param>
    /// <param name="start">The first byte; afterwards that of the other's.</param>
    /// <param name="length">Bytes; afterwards those of the other's.</param>
    public static int Get(int descriptor, ref short type, ref long start, ref long length)
    {
        RecordLock record = new() { Type = type, Start = start, Length = length };
        int result = LibC.Result(LibC.fcntl(descriptor, OfdGet, (nint)(&record)));
        if (result == 0)
        {
            (type, start, length) = (record.Type, record.Type == Unlock ? start : record.Start, record.Type == Unlock ? length : record.Length);
        }

        return result;
    }

    /// <summary>A lock of flock(2) on the whole file. EAGAIN when somebody else's is in the way.</summary>
    public static int Flock(int descriptor, short type)
    {
        int operation = type switch { Read => FlockShared | FlockNoWait, Write => FlockExclusive | FlockNoWait, _ => FlockUnlock };
        return LibC.Result(LibC.flock(descriptor, operation));
    }

    /// <summary><c>struct flock</c> (<c>asm-generic/fcntl.h</c>, 64 bit). Offsets count from the beginning; the process must be 0.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct RecordLock
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int flock(int fd, int operation);
}
