using System.Runtime.CompilerServices;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Rings;

/// <summary>
/// A copy of a ring whose memory may be gone when it is touched (<see cref="GuardedMemory"/>): brought up to date, and written back, by
/// system calls. What the kernel copies is not atomic, unlike an access of one's own, which the methods allow for.
/// </summary>
internal sealed unsafe class RingCopy
{
    private const int HeaderSize = 4;

    private readonly int _size;
    private readonly ulong[] _memory;
    private readonly nint _guestDescriptors, _guestAvailable, _guestUsed;
    private volatile bool _isLost;

    /// <summary>Makes a copy, which is empty but for the used ring's header.</summary>
    /// <param name="size">Entries.</param>
    /// <param name="descriptors">Where the descriptor table lies here.</param>
    /// <param name="available">Where the available ring lies here.</param>
    /// <param name="used">Where the used ring lies here, aligned to eight bytes.</param>
    internal RingCopy(int size, nint descriptors, nint available, nint used)
    {
        (_size, _guestDescriptors, _guestAvailable, _guestUsed) = (size, descriptors, available, used);
        int availableSize = (HeaderSize + (size * sizeof(ushort)) + sizeof(ushort) + 7) & ~7;
        int usedSize = (HeaderSize + (size * sizeof(UsedElement)) + 7) & ~7;
        _memory = GC.AllocateArray<ulong>((availableSize + usedSize) / sizeof(ulong), pinned: true);
        Available = (ushort*)Unsafe.AsPointer(ref _memory[0]);
        Used = (ushort*)((byte*)Available + availableSize);
        Keep(GuardedMemory.TryRead(used, Used, HeaderSize));

        // The driver is not told to leave kicks out: its word stands beside the index, which would have to be written with it.
        Used[0] = 0;
    }

    /// <summary>Whether the ring's memory is gone.</summary>
    internal bool IsLost => _isLost;

    /// <summary>The available ring as it was fetched last.</summary>
    internal ushort* Available { get; }

    /// <summary>The used ring as it was written last.</summary>
    internal ushort* Used { get; }

    /// <summary>Fetches the driver's index, and the entries from one on that are new.</summary>
    internal void FetchAvailable(ushort next)
    {
        // The kernel may take one byte of the index from before the driver's write and one from after it. Two copies that agree are right.
        const int Attempts = 64;
        uint header, again = 0;
        if (!Keep(GuardedMemory.TryRead(_guestAvailable, &header, HeaderSize)) || header == *(uint*)Available)
        {
            return;
        }

        for (int attempt = 1; ; attempt++)
        {
            if (!Keep(TryFetchEntries(next, (ushort)((header >> 16) - next)) && GuardedMemory.TryRead(_guestAvailable, &again, HeaderSize)))
            {
                return;
            }

            if (again == header || attempt == Attempts)
            {
                *(uint*)Available = header;
                return;
            }

            header = again;
        }
    }

    /// <summary>The driver's flags, of the available ring.</summary>
    internal ushort ReadFlags() => ReadNumber(_guestAvailable);

    /// <summary>The driver's <c>used_event</c>.</summary>
    internal ushort ReadUsedEvent() => ReadNumber(_guestAvailable + HeaderSize + (_size * sizeof(ushort)));

    /// <summary>Fetches one descriptor.</summary>
    internal RingDescriptor ReadDescriptor(int index)
    {
        RingDescriptor descriptor;
        bool read = Keep(GuardedMemory.TryRead(_guestDescriptors + (index * sizeof(RingDescriptor)), &descriptor, (nuint)sizeof(RingDescriptor)));
        return read ? descriptor : default;
    }

    /// <summary>Writes a used element.</summary>
    internal void WriteElement(int slot)
    {
        int offset = HeaderSize + (slot * sizeof(UsedElement));
        _ = Keep(GuardedMemory.TryWrite(_guestUsed + offset, (byte*)Used + offset, (nuint)sizeof(UsedElement)));
    }

    /// <summary>Writes the used ring's index, in one aligned word of eight bytes, which the kernel writes at once.</summary>
    internal void WriteIndex() => Keep(GuardedMemory.TryWrite(_guestUsed, Used, sizeof(ulong)));

    /// <summary>Writes <c>avail_event</c>. A driver that reads half of it is seen right after, when its index is looked at.</summary>
    internal void WriteAvailableEvent(ushort index) =>
        Keep(GuardedMemory.TryWrite(_guestUsed + HeaderSize + (_size * sizeof(UsedElement)), &index, sizeof(ushort)));

    private ushort ReadNumber(nint address)
    {
        ushort number = 0;
        return Keep(GuardedMemory.TryRead(address, &number, sizeof(ushort))) ? number : (ushort)0;
    }

    private bool TryFetchEntries(ushort next, int count)
    {
        if (count > _size)
        {
            // The driver's index is nonsense; the ring will be stopped for it.
            return true;
        }

        int first = next & (_size - 1);
        int before = Math.Min(count, _size - first);
        return TryFetchEntries(HeaderSize + (first * sizeof(ushort)), before) && TryFetchEntries(HeaderSize, count - before);
    }

    private bool TryFetchEntries(int offset, int count) =>
        GuardedMemory.TryRead(_guestAvailable + offset, (byte*)Available + offset, (nuint)(count * sizeof(ushort)));

    private bool Keep(bool succeeded)
    {
        _isLost |= !succeeded;
        return succeeded;
    }
}
