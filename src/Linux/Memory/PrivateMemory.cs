using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>Memory of this process alone, in whole pages that can be given back and stay where they are (<c>mmap(2)</c>, <c>madvise(2)</c>).</summary>
public static unsafe class PrivateMemory
{
    private const int ProtRead = 1, ProtWrite = 2, MapPrivate = 2, MapAnonymous = 0x20, DontNeed = 4;

    /// <summary>Bytes rounded up to whole pages.</summary>
    public static nuint WholePages(nuint length)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        return (length + page - 1) / page * page;
    }

    /// <summary>Memory of zeroes, which costs nothing before it is written to; null when there is none.</summary>
    public static void* Allocate(nuint length)
    {
        nint address = LibC.mmap(0, length, ProtRead | ProtWrite, MapPrivate | MapAnonymous, -1, 0);
        return address == -1 ? null : (void*)address;
    }

    /// <summary>Gives pages back to the system. They can be used on, and hold zeroes again.</summary>
    public static void Empty(void* address, nuint length) => _ = LibC.madvise((nint)address, length, DontNeed);

    /// <summary>Ends what <see cref="Allocate"/> began.</summary>
    public static void Free(void* address, nuint length) => _ = LibC.munmap((nint)address, length);
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int madvise(nint address, nuint length, int advice);
}
