using System.Diagnostics;
using System.Numerics;
using VirtioFs.Frontend.Memory;
using VirtioFs.Linux;

namespace VirtioFs.Frontend.Rings;

/// <summary>
/// The driver's side of one split ring (<c>virtio 1.2 §2.7</c>): an ordinary driver's calls, which allocate nothing, and every
/// field of the ring by itself, for tests that write what no driver would.
/// </summary>
/// <remarks>One thread at a time.</remarks>
public sealed unsafe class GuestQueue : IDisposable
{
    private const ushort NoInterrupt = 1, NoNotify = 1;

    private readonly GuestMemory _memory;
    private readonly GuestBuffer _descriptors, _available, _used;
    private readonly int _mask;
    private readonly ushort[] _nextFree;
    private readonly ushort[] _chainLength;
    private readonly int[] _tokens;
    private readonly GuestBuffer[] _indirectTables;
    private int _firstFree;
    private ushort _availableShadow, _kickedAt, _usedSeen;

    /// <summary>Lays out an empty ring.</summary>
    /// <param name="memory">Where it lies.</param>
    /// <param name="index">The queue's number in the device; 0 is the high-priority queue of virtio-fs.</param>
    /// <param name="size">Entries, a power of two up to 32768.</param>
    /// <param name="eventIndex">Whether VIRTIO_F_EVENT_IDX is negotiated.</param>
    /// <param name="indirect">Whether chains of several pieces go into indirect tables.</param>
    public GuestQueue(GuestMemory memory, int index, int size, bool eventIndex, bool indirect)
    {
        ArgumentNullException.ThrowIfNull(memory);
        if (!BitOperations.IsPow2(size) || size > 32768)
        {
            throw new ArgumentOutOfRangeException(nameof(size), $"A split ring has a power of two of entries, up to 32768, not {size}.");
        }

        _memory = memory;
        (Index, Size, UsesEventIndex, UsesIndirect) = (index, size, eventIndex, indirect);
        _mask = size - 1;
        _descriptors = memory.Allocate(RingArithmetic.DescriptorTableBytes(size), 4096);
        _available = memory.Allocate(RingArithmetic.AvailableRingBytes(size), 4096);
        _used = memory.Allocate(RingArithmetic.UsedRingBytes(size), 4096);
        _nextFree = new ushort[size];
        _chainLength = new ushort[size];
        _tokens = new int[size];
        _indirectTables = new GuestBuffer[size];
        KickDescriptor = (int)LinuxException.Check(EventFd.Create(), "Making a kick descriptor failed");
        CallDescriptor = (int)LinuxException.Check(EventFd.Create(), "Making a call descriptor failed");
        Clear();
    }

    /// <summary>The queue's number in the device.</summary>
    public int Index { get; }

    /// <summary>Entries.</summary>
    public int Size { get; }

    /// <summary>Whether notifications are asked for by index (VIRTIO_F_EVENT_IDX).</summary>
    public bool UsesEventIndex { get; private set; }

    /// <summary>Whether chains of several pieces go into indirect tables.</summary>
    public bool UsesIndirect { get; private set; }

    /// <summary>How <see cref="Wait"/> waits.</summary>
    public CompletionWait CompletionWait { get; private set; } = CompletionWait.Sleep;

    /// <summary>The eventfd that wakes the back end.</summary>
    public int KickDescriptor { get; private set; }

    /// <summary>The eventfd by which the back end wakes this side.</summary>
    public int CallDescriptor { get; private set; }

    /// <summary>Descriptors that no chain in flight holds.</summary>
    public int FreeDescriptors { get; private set; }

    /// <summary>Chains that were made available and have not been taken back.</summary>
    public int InFlight { get; private set; }

    /// <summary>Kicks that were really sent, for counting.</summary>
    public long KicksSent { get; private set; }

    // ------------------------------------------------------------------ the ring's fields

    /// <summary>Where the descriptor table lies in guest memory.</summary>
    public ulong DescriptorsGuestAddress => _descriptors.GuestAddress;

    /// <summary>Where the available ring lies in guest memory.</summary>
    public ulong AvailableGuestAddress => _available.GuestAddress;

    /// <summary>Where the used ring lies in guest memory.</summary>
    public ulong UsedGuestAddress => _used.GuestAddress;

    /// <summary>The available ring's flags: 1 asks for no calls, unless event indices are in use.</summary>
    public ref ushort AvailableFlags => ref *(ushort*)_available.Address;

    /// <summary>The available ring's index.</summary>
    public ref ushort AvailableIndex => ref *(ushort*)(_available.Address + 2);

    /// <summary><c>used_event</c>: the used index after which to call.</summary>
    public ref ushort UsedEvent => ref *(ushort*)(_available.Address + 4 + (2 * Size));

    /// <summary>The used ring's flags: 1 asks for no kicks, unless event indices are in use.</summary>
    public ref ushort UsedFlags => ref *(ushort*)_used.Address;

    /// <summary>The used ring's index.</summary>
    public ref ushort UsedIndex => ref *(ushort*)(_used.Address + 2);

    /// <summary><c>avail_event</c>: the available index after which to kick.</summary>
    public ref ushort AvailableEvent => ref *(ushort*)(_used.Address + 4 + (8 * Size));

    /// <summary>One descriptor of the table.</summary>
    public ref RingDescriptor Descriptor(int index) => ref ((RingDescriptor*)_descriptors.Address)[index & _mask];

    /// <summary>One entry of the available ring.</summary>
    public ref ushort AvailableEntry(int index) => ref ((ushort*)(_available.Address + 4))[index & _mask];

    /// <summary>One entry of the used ring.</summary>
    public ref UsedElement UsedEntry(int index) => ref ((UsedElement*)(_used.Address + 4))[index & _mask];

    // ------------------------------------------------------------------ an ordinary driver

    /// <summary>Forgets everything and empties the ring, as a driver does after a reset of the device.</summary>
    /// <param name="first">The index of the first chain; a driver's is 0.</param>
    public void Clear(ushort first = 0)
    {
        _descriptors.Span.Clear();
        _available.Span.Clear();
        _used.Span.Clear();
        for (int i = 0; i < Size; i++)
        {
            _nextFree[i] = (ushort)(i + 1);
        }

        (_firstFree, FreeDescriptors, InFlight) = (0, Size, 0);
        (_availableShadow, _kickedAt, _usedSeen, Base) = (first, first, first, first);
        (AvailableIndex, UsedIndex, AvailableEvent) = (first, first, first);
        EventFd.Drain(KickDescriptor);
        EventFd.Drain(CallDescriptor);
        SetCompletionWait(CompletionWait);
    }

    /// <summary>Goes on with other features.</summary>
    public void Agree(bool eventIndex, bool indirect)
    {
        (UsesEventIndex, UsesIndirect) = (eventIndex, indirect);
        SetCompletionWait(CompletionWait);
    }

    /// <summary>Chooses how <see cref="Wait"/> waits, and tells the back end whether to call.</summary>
    public void SetCompletionWait(CompletionWait wait)
    {
        CompletionWait = wait;
        bool calls = wait == CompletionWait.Sleep;
        Volatile.Write(ref AvailableFlags, calls || UsesEventIndex ? (ushort)0 : NoInterrupt);

        // With event indices "never" is the index half a round away; it is moved on as entries are taken.
        Volatile.Write(ref UsedEvent, calls ? _usedSeen : (ushort)(_usedSeen + 0x8000));
    }

    /// <summary>Makes a chain available: first what the device reads, then what it writes. It is not told yet (<see cref="Kick"/>).</summary>
    /// <param name="readable">Pieces that the device reads.</param>
    /// <param name="writable">Pieces that the device writes.</param>
    /// <param name="token">What <see cref="TryTake"/> answers when it is done.</param>
    /// <returns>False when the ring has no room.</returns>
    public bool TryAdd(ReadOnlySpan<GuestBuffer> readable, ReadOnlySpan<GuestBuffer> writable, int token)
    {
        int pieces = readable.Length + writable.Length;
        bool indirect = UsesIndirect && pieces > 1;
        int needed = indirect ? 1 : pieces;
        if (needed > FreeDescriptors)
        {
            return false;
        }

        int head = _firstFree;
        if (indirect)
        {
            WriteIndirect(head, readable, writable);
            _firstFree = _nextFree[head];
        }
        else
        {
            WriteDirect(readable, writable);
        }

        _chainLength[head] = (ushort)needed;
        _tokens[head] = token;
        FreeDescriptors -= needed;
        Publish((ushort)head);
        return true;
    }

    /// <summary>Puts the head of a chain, good or bad, into the available ring, and moves the ring's index on.</summary>
    public void Publish(ushort head)
    {
        AvailableEntry(_availableShadow) = head;
        _availableShadow++;
        InFlight++;
        // Pairs with the back end's read of the index before it reads the entry and the descriptors.
        Volatile.Write(ref AvailableIndex, _availableShadow);
    }

    /// <summary>Wakes the back end if it wants to be woken for what was published. True when it was.</summary>
    public bool Kick()
    {
        // Pairs with the back end's fence between asking for kicks and its last look at the available index.
        Interlocked.MemoryBarrier();
        bool wanted = UsesEventIndex
            ? RingArithmetic.NeedsEvent(Volatile.Read(ref AvailableEvent), _availableShadow, _kickedAt)
            : (Volatile.Read(ref UsedFlags) & NoNotify) == 0;
        _kickedAt = _availableShadow;
        if (wanted)
        {
            KickAlways();
        }

        return wanted;
    }

    /// <summary>Wakes the back end, wanted or not.</summary>
    public void KickAlways()
    {
        KicksSent++;
        _ = EventFd.Signal(KickDescriptor);
    }

    /// <summary>Takes the next entry of the used ring, if there is one.</summary>
    /// <param name="token">What its chain was added with.</param>
    /// <param name="length">Bytes that the device says it wrote.</param>
    /// <exception cref="BackEndException">The entry names no chain in flight.</exception>
    public bool TryTake(out int token, out uint length)
    {
        // Pairs with the back end's write of the index after it has written the entry and the reply.
        if (Volatile.Read(ref UsedIndex) == _usedSeen)
        {
            (token, length) = (-1, 0);
            return false;
        }

        UsedElement element = UsedEntry(_usedSeen);
        if (element.Head >= (uint)Size || _chainLength[element.Head] == 0)
        {
            throw new BackEndException($"The back end used the descriptor {element.Head}, which begins no chain in flight.");
        }

        _usedSeen++;
        token = _tokens[element.Head];
        length = element.Length;
        Release((int)element.Head);
        if (CompletionWait == CompletionWait.Poll)
        {
            UsedEvent = (ushort)(_usedSeen + 0x8000);
        }

        return true;
    }

    /// <summary>Takes the next entry of the used ring as it is, whatever it names; descriptors are not given back.</summary>
    public bool TryTakeRaw(out UsedElement element)
    {
        bool any = HasUsed;
        element = any ? UsedEntry(_usedSeen++) : default;
        return any;
    }

    /// <summary>Waits until the used ring has an entry. False when the time is over or <paramref name="alsoWatch"/> broke.</summary>
    /// <param name="limit">How long.</param>
    /// <param name="alsoWatch">A descriptor, such as the connection's socket, whose end also ends the waiting; or -1.</param>
    public bool Wait(TimeSpan limit, int alsoWatch = -1) =>
        CompletionWait == CompletionWait.Poll ? WaitByPolling(limit, alsoWatch) : WaitBySleeping(limit, alsoWatch);

    /// <summary>The available entry that the back end begins with when the ring starts: where it stopped, 0 in a ring that is new or cleared.</summary>
    public ushort Base { get; set; }

    /// <summary>True when the used ring has an entry.</summary>
    public bool HasUsed => Volatile.Read(ref UsedIndex) != _usedSeen;

    /// <summary>Asks to be called for the next entry. False when there is one already: take it first.</summary>
    public bool TryArmCall()
    {
        if (UsesEventIndex)
        {
            Volatile.Write(ref UsedEvent, _usedSeen);
            // Pairs with the back end's fence between its write of the used index and its look at the event.
            Interlocked.MemoryBarrier();
        }

        return !HasUsed;
    }

    /// <summary>Closes the descriptors; the ring's memory goes with the guest's.</summary>
    public void Dispose()
    {
        // Once only: a second time these numbers would be somebody else's.
        FileDescriptor.Close(KickDescriptor);
        FileDescriptor.Close(CallDescriptor);
        (KickDescriptor, CallDescriptor) = (-1, -1);
    }

    private bool WaitByPolling(TimeSpan limit, int alsoWatch)
    {
        const int TurnsBetweenLooksAtTheClock = 1 << 14;
        long start = 0;
        for (int turn = 1; !HasUsed; turn++)
        {
            if (turn % TurnsBetweenLooksAtTheClock != 0)
            {
                Thread.SpinWait(1);
                continue;
            }

            start = start == 0 ? Stopwatch.GetTimestamp() : start;
            if (Stopwatch.GetElapsedTime(start) > limit || IsBroken(alsoWatch))
            {
                return HasUsed;
            }
        }

        return true;
    }

    private bool WaitBySleeping(TimeSpan limit, int alsoWatch)
    {
        long start = 0;
        Span<PollEntry> entries =
        [
            new PollEntry { Descriptor = CallDescriptor, Events = Poll.Readable },
            new PollEntry { Descriptor = alsoWatch },
        ];
        while (TryArmCall())
        {
            start = start == 0 ? Stopwatch.GetTimestamp() : start;
            TimeSpan left = limit - Stopwatch.GetElapsedTime(start);
            int ready = Poll.Wait(entries, Math.Max(0, (int)Math.Ceiling(left.TotalMilliseconds)));
            EventFd.Drain(CallDescriptor);
            if (ready <= 0 || (entries[1].Happened & Poll.Broken) != 0)
            {
                return HasUsed;
            }
        }

        return true;
    }

    private static bool IsBroken(int descriptor)
    {
        PollEntry entry = new() { Descriptor = descriptor };
        return Poll.Wait(new Span<PollEntry>(ref entry), 0) > 0 && (entry.Happened & Poll.Broken) != 0;
    }

    private void WriteDirect(ReadOnlySpan<GuestBuffer> readable, ReadOnlySpan<GuestBuffer> writable)
    {
        int pieces = readable.Length + writable.Length;
        for (int i = 0; i < pieces; i++)
        {
            int slot = _firstFree;
            _firstFree = _nextFree[slot];
            Descriptor(slot) = Describe(readable, writable, i, (ushort)_firstFree);
        }
    }

    private void WriteIndirect(int head, ReadOnlySpan<GuestBuffer> readable, ReadOnlySpan<GuestBuffer> writable)
    {
        int pieces = readable.Length + writable.Length;
        ref GuestBuffer table = ref _indirectTables[head];
        if (table.Length < pieces * sizeof(RingDescriptor))
        {
            table = _memory.Allocate(Math.Max(pieces, 16) * sizeof(RingDescriptor), 16);
        }

        RingDescriptor* entries = (RingDescriptor*)table.Address;
        for (int i = 0; i < pieces; i++)
        {
            entries[i] = Describe(readable, writable, i, (ushort)(i + 1));
        }

        Descriptor(head) = new RingDescriptor(table.GuestAddress, (uint)(pieces * sizeof(RingDescriptor)), DescriptorFlags.Indirect, 0);
    }

    private static RingDescriptor Describe(ReadOnlySpan<GuestBuffer> readable, ReadOnlySpan<GuestBuffer> writable, int i, ushort next)
    {
        bool write = i >= readable.Length;
        bool last = i == readable.Length + writable.Length - 1;
        GuestBuffer piece = write ? writable[i - readable.Length] : readable[i];
        DescriptorFlags flags = (write ? DescriptorFlags.Write : 0) | (last ? 0 : DescriptorFlags.Next);
        return new RingDescriptor(piece.GuestAddress, (uint)piece.Length, flags, last ? (ushort)0 : next);
    }

    private void Release(int head)
    {
        int length = _chainLength[head];
        _chainLength[head] = 0;
        InFlight--;
        FreeDescriptors += length;

        // The chain is walked in this driver's own list, since the table in shared memory may have been changed.
        int last = head;
        for (int i = 1; i < length; i++)
        {
            last = _nextFree[last];
        }

        _nextFree[last] = (ushort)_firstFree;
        _firstFree = head;
    }
}
