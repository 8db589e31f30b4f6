using VirtioFs.DeviceEngine.Memory;

namespace VirtioFs.DeviceEngine.Rings;

/// <summary>
/// The device's side of one split virtqueue (virtio 1.2 §2.7): where its three parts lie, how far each side has come, and the order in
/// which both sides' writes are seen.
/// </summary>
/// <remarks>
/// Chains are taken by one thread. What writes the used ring does so under a lock of its owner's.
/// </remarks>
internal sealed unsafe class SplitRing
{
    // virtio 1.2 §2.7.6 and §2.7.8: flags, index, then the entries.
    private const int HeaderSize = 4;
    private const ushort NoInterrupt = 1, NoNotify = 1;

    private readonly RingAddresses _addresses;
    private readonly ushort _mask;
    private RingDescriptor* _descriptors;
    private ushort* _available;
    private ushort* _used;
    private ushort _usedIndex;
    private RingCopy? _copy;

    private SplitRing(in RingAddresses addresses, int size) =>
        (_addresses, Size, _mask, InFlight) = (addresses, size, (ushort)(size - 1), new HeadsInFlight(size));

    /// <summary>Entries.</summary>
    internal int Size { get; }

    /// <summary>What the driver has agreed on.</summary>
    internal RingFeatures Features { get; private set; }

    /// <summary>The chains that the driver has not got back. A ring that goes on where a former one was closed takes that one's.</summary>
    internal HeadsInFlight InFlight { get; set; }

    /// <summary>The entry of the available ring that is taken next.</summary>
    internal ushort Next { get; private set; }

    /// <summary>True when the ring's memory is gone: the front end has made its file shorter. <see cref="CountAvailable"/> has no sense then.</summary>
    internal bool IsLost => _copy is { IsLost: true };

    /// <summary>Where the ring lies and how far both sides have come.</summary>
    internal RingPosition Position => new(_addresses with { Flags = 0, Log = 0 }, Size, Next, _usedIndex);

    /// <summary>Bytes of the used ring, with <c>avail_event</c>.</summary>
    internal ulong UsedSize => HeaderSize + ((ulong)Size * (ulong)sizeof(UsedElement)) + sizeof(ushort);

    /// <summary>Bytes from the used ring's start to <c>avail_event</c>.</summary>
    internal ulong AvailableEventOffset => HeaderSize + ((ulong)Size * (ulong)sizeof(UsedElement));

    private ushort* UsedEvent => _available + (HeaderSize / sizeof(ushort)) + Size;

    private ushort* AvailableEvent => (ushort*)((byte*)_used + AvailableEventOffset);

    private UsedElement* UsedElements => (UsedElement*)((byte*)_used + HeaderSize);

    /// <summary>Finds a ring in guest memory and takes up the work where the front end says.</summary>
    /// <param name="memory">Where it lies; the ring's owner holds it as long as it uses the ring.</param>
    /// <param name="addresses">The front end's addresses of its parts.</param>
    /// <param name="size">Entries.</param>
    /// <param name="next">The entry of the available ring to begin with.</param>
    /// <param name="features">What the driver has agreed on.</param>
    /// <param name="ring">The ring.</param>
    /// <returns>Null, or what is wrong, as a sentence.</returns>
    internal static string? TryOpen(
        GuestMemory memory,
        in RingAddresses addresses,
        int size,
        ushort next,
        RingFeatures features,
        out SplitRing? ring)
    {
        SplitRing opened = new(addresses, size) { Next = next, Features = features };
        string? fault = opened.TryMove(memory);
        ring = fault is null ? opened : null;
        if (fault is null)
        {
            opened._usedIndex = Volatile.Read(ref opened._used[1]);
        }

        return fault;
    }

    /// <summary>What is wrong with a ring's place, as a sentence; null when it is sound.</summary>
    internal static string? DescribeFault(GuestMemory memory, in RingAddresses addresses, int size) =>
        new SplitRing(addresses, size).TryMove(memory);

    /// <summary>Finds the ring again in a new table of guest memory. Null, or what is wrong, as a sentence; then the ring is as it was.</summary>
    internal string? TryMove(GuestMemory memory)
    {
        ulong availableSize = HeaderSize + ((ulong)Size * sizeof(ushort)) + sizeof(ushort);
        string? fault = TryFind(memory, "descriptor table", _addresses.Descriptors, (ulong)(Size * sizeof(RingDescriptor)), 16, out nint descriptors);
        nint available = 0;
        nint used = 0;
        fault ??= TryFind(memory, "available ring", _addresses.Available, availableSize, 2, out available);
        fault ??= TryFind(memory, "used ring", _addresses.Used, UsedSize, 4, out used);
        if (fault is not null)
        {
            return fault;
        }

        if (memory.MayVanish)
        {
            if (used % sizeof(ulong) != 0)
            {
                return $"The used ring at {_addresses.Used:x} is not aligned to 8 bytes, which it has to be in memory that its owner can shorten.";
            }

            _copy = new RingCopy(Size, descriptors, available, used);
            (available, used) = ((nint)_copy.Available, (nint)_copy.Used);
        }
        else
        {
            _copy = null;
        }

        _descriptors = (RingDescriptor*)descriptors;
        _available = (ushort*)available;
        _used = (ushort*)used;
        return null;
    }

    /// <summary>Goes on with other features, as when firmware hands the device to an operating system. The worker rests.</summary>
    internal void Agree(RingFeatures features)
    {
        Features = features;

        // virtio 1.2 §2.7.10: with event indices the flags stay 0, in which the former driver's ring may have had its kicks declined.
        Volatile.Write(ref _used[0], 0);
    }

    /// <summary>How many chains wait, more than <see cref="Size"/> when the driver's index has no sense. Pairs with the driver's write of <c>avail.idx</c>: what it wrote before is seen after this.</summary>
    internal ushort CountAvailable()
    {
        if (_copy is RingCopy copy)
        {
            copy.FetchAvailable(Next);
            if (copy.IsLost)
            {
                return (ushort)(Size + 1);
            }
        }

        return (ushort)(Volatile.Read(ref _available[1]) - Next);
    }

    /// <summary>Takes the head of the next chain. Its entry was written before the index that <see cref="CountAvailable"/> read.</summary>
    internal ushort TakeHead()
    {
        ushort head = _available[(HeaderSize / sizeof(ushort)) + (Next & _mask)];
        Next++;
        return head;
    }

    /// <summary>Copies a descriptor out of the guest's reach; the index is below <see cref="Size"/>.</summary>
    internal RingDescriptor Copy(int index) => _copy is null ? _descriptors[index] : _copy.ReadDescriptor(index);

    /// <summary>Puts a chain into the used ring, where the driver does not look before <see cref="PublishUsed"/>. Answers the element's offset in the used ring.</summary>
    internal ulong PutUsed(ushort head, uint written)
    {
        int slot = _usedIndex & _mask;
        UsedElements[slot] = new UsedElement(head, written);
        _usedIndex++;
        _copy?.WriteElement(slot);
        return HeaderSize + ((ulong)slot * (ulong)sizeof(UsedElement));
    }

    /// <summary>Shows the driver all that was put. Pairs with the driver's read of <c>used.idx</c>: elements and answers are written before.</summary>
    internal void PublishUsed()
    {
        Volatile.Write(ref _used[1], _usedIndex);
        _copy?.WriteIndex();
    }

    /// <summary>
    /// Whether the driver wants to be notified of the last <paramref name="count"/> chains put. The full barrier stands between our write
    /// of <c>used.idx</c> and our read of <c>used_event</c>; it pairs with the driver's barrier between the same two the other way round.
    /// </summary>
    internal bool MustNotify(int count)
    {
        Interlocked.MemoryBarrier();
        if (!Features.EventIndex)
        {
            ushort flags = _copy is null ? Volatile.Read(ref _available[0]) : _copy.ReadFlags();
            return (flags & NoInterrupt) == 0;
        }

        ushort wanted = _copy is null ? Volatile.Read(ref *UsedEvent) : _copy.ReadUsedEvent();
        return (ushort)(_usedIndex - wanted - 1) < (ushort)count;
    }

    /// <summary>Tells the driver that no kicks are needed. With event indices there is nothing to tell: it kicks for the one index that was asked for.</summary>
    internal void DeclineKicks()
    {
        if (!Features.EventIndex && _copy is null)
        {
            Volatile.Write(ref _used[0], NoNotify);
        }
    }

    /// <summary>
    /// Asks for a kick with the next chain. False when there is one already, for which none may come. The full barrier stands between our
    /// write of <c>avail_event</c> and our read of <c>avail.idx</c>; it pairs with the driver's barrier the other way round.
    /// </summary>
    internal bool TryAskForKick()
    {
        if (Features.EventIndex && _copy is not null)
        {
            _copy.WriteAvailableEvent(Next);
        }
        else if (Features.EventIndex)
        {
            Volatile.Write(ref *AvailableEvent, Next);
        }
        else if (_copy is null)
        {
            Volatile.Write(ref _used[0], 0);
        }

        Interlocked.MemoryBarrier();
        return CountAvailable() == 0;
    }

    private static string? TryFind(GuestMemory memory, string what, ulong userAddress, ulong length, ulong alignment, out nint address)
    {
        address = 0;
        if (userAddress % alignment != 0)
        {
            return $"The {what} at {userAddress:x} is not aligned to {alignment} bytes.";
        }

        return memory.TryTranslateUser(userAddress, length, out address)
            ? null
            : $"The {what} at {userAddress:x}, {length} bytes long, is not in the memory that the front end shares.";
    }
}
