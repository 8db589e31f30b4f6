using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>Memory that several processes see: anonymous files and mappings (<c>memfd_create(2)</c>, <c>mmap(2)</c>).</summary>
public static unsafe class SharedMemory
{
    private const int ProtRead = 1, ProtWrite = 2, MapShared = 1, MapPrivate = 2, MapAnonymous = 0x20, MapNoReserve = 0x4000;
    private const int MremapMayMove = 1, MremapFixed = 2;
    private const uint MfdCloExec = 1, MfdAllowSealing = 2;
    private const int FAddSeals = 1033, FGetSeals = 1034, SealShrink = 2;

    /// <summary>Makes an anonymous file of <paramref name="size"/> bytes that can be sealed. Answers its descriptor.</summary>
    public static int Create(string name, long size)
    {
        int descriptor;
        fixed (byte* bytes = System.Text.Encoding.UTF8.GetBytes(name + "\0"))
        {
            descriptor = LibC.Result(LibC.memfd_create(bytes, MfdCloExec | MfdAllowSealing));
        }

        if (descriptor < 0)
        {
            return descriptor;
        }

        int result = LibC.Result(LibC.ftruncate(descriptor, size));
        if (result < 0)
        {
            FileDescriptor.Close(descriptor);
            return result;
        }

        return descriptor;
    }

    /// <summary>Maps <paramref name="length"/> bytes of a file, shared, for reading and writing. Zero, or a negated error number.</summary>
    /// <param name="descriptor">The file.</param>
    /// <param name="offset">Where in the file.</param>
    /// <param name="length">How many bytes.</param>
    /// <param name="address">The first byte here.</param>
    /// <param name="reserves">Whether huge pages are set aside for all of it, so that none is missing later; ENOMEM when there are too few.</param>
    public static int Map(int descriptor, long offset, nuint length, out nint address, bool reserves = false)
    {
        nint result = LibC.mmap(0, length, ProtRead | ProtWrite, MapShared | (reserves ? 0 : MapNoReserve), descriptor, offset);
        address = result == -1 ? 0 : result;
        return result == -1 ? -Marshal.GetLastSystemError() : 0;
    }

    /// <summary>Maps once more what a mapping shows, at another place. EINVAL for huge pages.</summary>
    /// <param name="address">The mapping.</param>
    /// <param name="length">Its length.</param>
    /// <param name="copy">The first byte there.</param>
    public static int Duplicate(nint address, nuint length, out nint copy)
    {
        // mremap(2): an old size of zero makes a second mapping of the same pages.
        nint result = LibC.mremap(address, 0, length, MremapMayMove, 0);
        copy = result == -1 ? 0 : result;
        return result == -1 ? -Marshal.GetLastSystemError() : 0;
    }

    /// <summary>
    /// Puts memory that nobody else sees in the place of a mapping, in one step: who writes there meanwhile hits the one or the other.
    /// Zero, or a negated error number; then the mapping is as it was.
    /// </summary>
    /// <param name="address">The mapping.</param>
    /// <param name="length">Its length.</param>
    /// <param name="kept">Pieces of memory that still are to be read, and are copied as far as they lie in the mapping.</param>
    public static int Replace(nint address, nuint length, ReadOnlySpan<IoVec> kept)
    {
        nint fresh = LibC.mmap(0, length, ProtRead | ProtWrite, MapPrivate | MapAnonymous | MapNoReserve, -1, 0);
        if (fresh == -1)
        {
            return -Marshal.GetLastSystemError();
        }

        foreach (IoVec piece in kept)
        {
            nuint offset = (nuint)(piece.Address - address);
            if (offset < length && piece.Length <= length - offset)
            {
                // Where the front end has taken it away, there are zeros.
                _ = GuardedMemory.TryRead(piece.Address, (void*)(fresh + (nint)offset), piece.Length);
            }
        }

        // Moved there rather than made there: what mmap(2) refuses with MAP_FIXED, it has unmapped already.
        if (LibC.mremap(fresh, length, length, MremapMayMove | MremapFixed, address) != -1)
        {
            return 0;
        }

        int error = Marshal.GetLastSystemError();
        _ = Unmap(fresh, length);
        return -error;
    }

    /// <summary>Takes a mapping away.</summary>
    public static int Unmap(nint address, nuint length) => LibC.Result(LibC.munmap(address, length));

    /// <summary>
    /// Forbids everybody to make the file shorter (<c>F_SEAL_SHRINK</c>), after which a mapping of it cannot fault. EINVAL where
    /// the file cannot be sealed, EPERM where its maker forbade further seals.
    /// </summary>
    public static int ForbidShrinking(int descriptor) => LibC.Result(LibC.fcntl(descriptor, FAddSeals, SealShrink));

    /// <summary>Whether nobody can make the file shorter.</summary>
    public static bool CannotShrink(int descriptor)
    {
        int seals = LibC.Result(LibC.fcntl(descriptor, FGetSeals, 0));
        return seals >= 0 && (seals & SealShrink) != 0;
    }

    /// <summary>True for a file of <c>memfd_create(2)</c>, on tmpfs or on hugetlbfs: those alone have seals (<c>mm/memfd.c</c>).</summary>
    public static bool IsMemoryFile(int descriptor) => LibC.Result(LibC.fcntl(descriptor, FGetSeals, 0)) >= 0;
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int memfd_create(byte* name, uint flags);

    [LibraryImport(Library)]
    internal static partial int ftruncate(int fd, long length);

    [LibraryImport(Library)]
    internal static partial nint mmap(nint address, nuint length, int protection, int flags, int fd, long offset);

    // mremap is variadic; see SystemCall for why an integer argument may be declared as an ordinary one.
    [LibraryImport(Library)]
    internal static partial nint mremap(nint address, nuint length, nuint newLength, int flags, nint newAddress);

    [LibraryImport(Library)]
    internal static partial int munmap(nint address, nuint length);

    // fcntl is variadic; see SystemCall for why an integer argument may be declared as an ordinary one.
    [LibraryImport(Library)]
    internal static partial int fcntl(int fd, int command, nint argument);
}
