using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Memory;

/// <summary>A part of a front end's file in this process, unmapped when the last user lets go of it.</summary>
internal sealed class FileMapping
{
    private readonly nint _base;
    // Mappings of huge pages for which a descriptor is kept, since only that can map them once more: as many as a machine has, by far.
    private const int MostKept = 64;
    private static int s_kept;

    private readonly nuint _length;
    private int _users = 1;
    private int _file = -1;
    private long _offset;
    private bool _isCutOff;

    private FileMapping(nint start, nuint length, nint address, ulong size, bool mayVanish) =>
        (_base, _length, Address, Size, MayVanish) = (start, length, address, size, mayVanish);

    /// <summary>Where the part's first byte lies.</summary>
    internal nint Address { get; }

    /// <summary>Length of the part in bytes.</summary>
    internal ulong Size { get; }

    /// <summary>
    /// Whether touching the mapping may raise SIGBUS: somebody can shorten the file, or there may be no room for a page of it. Not so is a
    /// file in memory that is sealed against shrinking; of huge pages, none is missing that its owner does not take out again.
    /// </summary>
    internal bool MayVanish { get; }

    /// <summary>
    /// Maps a part of a file. The descriptor stays the caller's. The file is sealed against shrinking first, where that is possible, and
    /// its size is looked at then.
    /// </summary>
    /// <param name="descriptor">The file.</param>
    /// <param name="offset">Where in the file the part begins; any number.</param>
    /// <param name="size">Length in bytes.</param>
    /// <param name="mapping">The mapping, for which the caller is the one user.</param>
    /// <returns>Null, or what is wrong, as the end of a sentence.</returns>
    internal static string? TryCreate(int descriptor, ulong offset, ulong size, out FileMapping? mapping)
    {
        mapping = null;
        if (ForeignDescriptor.KindOf(descriptor) is not (DescriptorKind.MemoryFile or DescriptorKind.DiskFile))
        {
            return "is neither in a file in memory (memfd, tmpfs, hugetlbfs) nor in a regular file on a local disk";
        }

        _ = SharedMemory.ForbidShrinking(descriptor);
        int result = SharedFile.Of(descriptor, out SharedFile file);
        if (result < 0)
        {
            return $"cannot be looked at: {Errno.Describe(-result)}";
        }

        if (size == 0 || offset > file.Size || size > file.Size - offset)
        {
            return $"needs {size} bytes from offset {offset} of a file that has {file.Size}";
        }

        bool mayVanish = !SharedMemory.CannotShrink(descriptor);
        if (mayVanish && !GuardedMemory.IsAvailable)
        {
            return "is in a file that is not sealed against shrinking, which can be used only where process_vm_readv(2) is allowed";
        }

        ulong lead = offset % file.PageSize;
        nuint length = (nuint)((lead + size + file.PageSize - 1) / file.PageSize * file.PageSize);
        result = SharedMemory.Map(descriptor, (long)(offset - lead), length, out nint start, reserves: file.PageSize > (ulong)Environment.SystemPageSize);
        if (result < 0)
        {
            return $"cannot be mapped: {Errno.Describe(-result)}";
        }

        mapping = new FileMapping(start, length, start + (nint)lead, size, mayVanish);
        if (file.PageSize > (ulong)Environment.SystemPageSize)
        {
            mapping.Keep(descriptor, (long)(offset - lead));
        }

        return null;
    }

    /// <summary>Becomes one more user of a mapping that the caller knows to have one.</summary>
    internal void Hold() => Interlocked.Increment(ref _users);

    /// <summary>Becomes one more user, unless the last one has gone already.</summary>
    internal bool TryHold()
    {
        int users = Volatile.Read(ref _users);
        while (users > 0)
        {
            int seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users)
            {
                return true;
            }

            users = seen;
        }

        return false;
    }

    /// <summary>
    /// Puts other memory in the mapping's place: whoever is still to write into it writes where nobody reads. The caller is a user. False
    /// where the system has no memory for that.
    /// </summary>
    /// <param name="kept">What is still read by who writes into a file: it is copied as far as it lies in here.</param>
    internal bool TryCutOff(ReadOnlySpan<IoVec> kept)
    {
        _isCutOff = _isCutOff || SharedMemory.Replace(_base, _length, kept) == 0;
        return _isCutOff;
    }

    /// <summary>Maps the same once more. Null where that is not possible.</summary>
    internal FileMapping? TryDuplicate()
    {
        int result = _file < 0
            ? SharedMemory.Duplicate(_base, _length, out nint copy)
            : SharedMemory.Map(_file, _offset, _length, out copy, reserves: true);
        if (result < 0)
        {
            return null;
        }

        FileMapping made = new(copy, _length, copy + (Address - _base), Size, MayVanish);
        if (_file >= 0)
        {
            made.Keep(_file, _offset);
        }

        return made;
    }

    /// <summary>Is no longer a user.</summary>
    internal void LetGo()
    {
        if (Interlocked.Decrement(ref _users) > 0)
        {
            return;
        }

        _ = SharedMemory.Unmap(_base, _length);
        if (_file >= 0)
        {
            FileDescriptor.Close(_file);
            _ = Interlocked.Decrement(ref s_kept);
        }
    }

    private void Keep(int descriptor, long offset)
    {
        if (Interlocked.Increment(ref s_kept) <= MostKept && Files.Duplicate(descriptor) is int copy and >= 0)
        {
            (_file, _offset) = (copy, offset);
            return;
        }

        _ = Interlocked.Decrement(ref s_kept);
    }
}
