using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Memory;
using VirtioFs.Frontend.Rings;
using VirtioFs.Frontend.VhostUser;

namespace VirtioFs.Fuzz;

/// <summary>Rings and descriptor chains of a guest with a share of its own, whose memory changes while it is read.</summary>
internal sealed unsafe class RingTarget : IDisposable
{
    private const int QueueSize = 128, MostChains = 8, SlotSize = 16 * 1024, PatienceMilliseconds = 15_000;
    private const ushort Next = 1, Write = 2, Indirect = 4;

    private readonly Choices _choices = new();
    private readonly Knowledge _knowledge = new();
    private readonly Corpus _corpus = new();
    private readonly Random _random;
    private readonly RequestGenerator _generator;
    private readonly Share _share;
    private readonly int _index;
    private readonly Thread _changer;
    private VirtioFsGuest _guest;
    private GuestBuffer _area;
    private readonly Lock _changeGate = new();
    private bool _changes;
    private volatile bool _ends;
    private ulong _unique = 1;
    private int _slot;

    internal RingTarget(Share share, int index, ulong seed)
    {
        (_share, _index) = (share, index);
        _random = new Random((int)seed);
        _choices.Seed(seed + 77);
        _generator = new RequestGenerator(_choices, _knowledge);
        _guest = Connect();
        _changer = new Thread(() => Change(new Random((int)seed))) { IsBackground = true, Name = "changer" };
        _changer.Start();
    }

    internal Corpus Corpus => _corpus;

    /// <summary>Rings that were stopped since their guest broke the rules.</summary>
    internal long Stopped { get; private set; }

    /// <summary>Gives a few chains at once, and waits until all came back or the ring was stopped. Answers how many.</summary>
    internal int Step()
    {
        _choices.Begin(_corpus.Next(_random));
        GuestQueue queue = _guest.Queues[_choices.Below(_guest.Queues.Count)];
        int chains = 1 + _choices.Below(MostChains);
        SetChanges(_choices.OneIn(4));
        _slot = 0;
        for (int i = 0; i < chains; i++)
        {
            queue.Publish(_choices.OneIn(60) ? (ushort)_choices.Interesting() : MakeChain(queue, i));
        }

        ushort published = queue.AvailableIndex;
        queue.KickAlways();
        string? fault = Await(queue, chains, published);
        SetChanges(false);
        _corpus.Note(_choices, queue.Index, fault is null ? 0 : WordsOf(fault), 0);
        if (fault is not null)
        {
            Stopped++;
            Heal(fault);
        }

        return chains;
    }

    public void Dispose()
    {
        _ends = true;
        _changer.Join();
        _guest.Dispose();
    }

    private VirtioFsGuest Connect()
    {
        VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(_share.Options.SocketPath, new GuestOptions
        {
            FrontEnd = (FrontEndKind)_choices.Below(3),
            RequestQueues = 2,
            QueueSize = QueueSize,
            LowMemoryBytes = 0,
            MemoryBytes = 4 << 20,
            MakeMemoryFile = _choices.OneIn(4) ? size => SharedDescription.CreateFile("/dev/shm", size) : null,
            Features = _choices.OneIn(2) ? VirtioFeatures.LinuxGuest : VirtioFeatures.Version1 | VirtioFeatures.IndirectDescriptors,
            Patience = TimeSpan.FromMilliseconds(PatienceMilliseconds),
        });
        _area = guest.Memory.Allocate(3 * MostChains * SlotSize, 4096);
        _knowledge.Clear();
        return guest;
    }

    private void Heal(string fault)
    {
        if (_random.Next(3) == 0)
        {
            _guest.Dispose();
            _guest = Connect();
            return;
        }

        try
        {
            _guest.Reboot();
            _guest.Mount();
        }
        catch (BackEndException failure)
        {
            throw new FuzzFinding(
                $"A ring was stopped ({fault}), and the guest is not served after a reset: {failure.Message}\n{_share.FaultReason}\n"
                + $"{_guest.Options}\n{string.Join('\n', _share.Guest?.Queues ?? [])}");
        }

        _knowledge.Clear();
    }

    // The request in its slot of the area, then a chain over it that is right, most often.
    private ushort MakeChain(GuestQueue queue, int number)
    {
        _generator.Make(++_unique, mayWait: false);
        int length = Math.Min(_generator.Bytes.Length, SlotSize);
        GuestBuffer request = _area.Slice(number * SlotSize, SlotSize);
        GuestBuffer reply = _area.Slice((MostChains + number) * SlotSize, SlotSize);
        _generator.Bytes[..length].CopyTo(request.Span);
        int pieces = 2 + _choices.Below(4);
        Span<RingDescriptor> chain = stackalloc RingDescriptor[pieces];
        int cut = _choices.Below(length + 1);
        for (int i = 0; i < pieces; i++)
        {
            bool writes = i >= pieces / 2;
            uint part = writes ? SlotSize / 4 : (uint)(i == 0 && pieces > 3 ? cut : length - (pieces > 3 ? cut : 0));
            ulong address = writes ? reply.GuestAddress + (ulong)(i * (SlotSize / 8)) : request.GuestAddress + (ulong)(i == 0 ? 0 : cut);
            chain[i] = new RingDescriptor(address, part, (DescriptorFlags)(writes ? Write : 0), 0);
        }

        bool indirect = _choices.OneIn(2) && _guest.Features.HasFlag(VirtioFeatures.IndirectDescriptors);
        int first = _slot;
        for (int i = 0; i < pieces; i++)
        {
            int next = indirect ? i + 1 : (first + i + 1) % QueueSize;
            ushort flags = (ushort)((ushort)chain[i].Flags | (i + 1 < pieces ? Next : 0));
            chain[i] = new RingDescriptor(chain[i].GuestAddress, chain[i].Length, (DescriptorFlags)flags, (ushort)(i + 1 < pieces ? next : 0));
            chain[i] = _choices.OneIn(150) ? Spoil(chain[i]) : chain[i];
        }

        if (!indirect)
        {
            for (int i = 0; i < pieces; i++)
            {
                queue.Descriptor((first + i) % QueueSize) = chain[i];
            }

            _slot = (first + pieces) % QueueSize;
            return (ushort)first;
        }

        GuestBuffer table = _area.Slice(((2 * MostChains) + number) * SlotSize, SlotSize);
        chain.CopyTo(new Span<RingDescriptor>((void*)table.Address, pieces));
        RingDescriptor head = new(table.GuestAddress, (uint)(pieces * sizeof(RingDescriptor)), (DescriptorFlags)Indirect, 0);
        queue.Descriptor(first) = _choices.OneIn(100) ? Spoil(head) : head;
        _slot = (first + 1) % QueueSize;
        return (ushort)first;
    }

    private RingDescriptor Spoil(RingDescriptor descriptor) => _choices.Below(4) switch
    {
        0 => new RingDescriptor(_choices.Interesting(), descriptor.Length, descriptor.Flags, descriptor.Next),
        1 => new RingDescriptor(descriptor.GuestAddress, (uint)_choices.Interesting(), descriptor.Flags, descriptor.Next),
        2 => new RingDescriptor(descriptor.GuestAddress, descriptor.Length, (DescriptorFlags)_choices.Below(8), descriptor.Next),
        _ => new RingDescriptor(descriptor.GuestAddress, descriptor.Length, descriptor.Flags, (ushort)_choices.Interesting()),
    };

    private string? Await(GuestQueue queue, int chains, ushort published)
    {
        long end = Environment.TickCount64 + PatienceMilliseconds;
        int taken = 0;
        for (int turn = 1; ; turn++)
        {
            while (queue.TryTakeRaw(out UsedElement used))
            {
                taken++;
                Learn(used);
            }

            if (taken >= chains)
            {
                return null;
            }

            if (turn % 64 != 0)
            {
                Thread.Yield();
                continue;
            }

            string? fault = _share.Guest?.Queues.FirstOrDefault(each => each.Index == queue.Index)?.FaultReason;
            if (fault is not null)
            {
                return fault;
            }

            if (_share.State != ShareState.Connected)
            {
                throw new FuzzFinding($"The share of a guest is {_share.State}: {_share.FaultReason}");
            }

            if (queue.AvailableIndex != published)
            {
                return "An answer was written over the ring itself.";
            }

            if (Environment.TickCount64 > end)
            {
                throw new FuzzFinding($"Ring {queue.Index} gave {taken} of {chains} chains back, and is not stopped.");
            }

            Thread.Sleep(turn < 2000 ? 0 : 1);
        }
    }

    private void Learn(UsedElement used)
    {
        const int ReplyHeaderSize = 16;
        GuestBuffer replies = _area.Slice(MostChains * SlotSize, MostChains * SlotSize);
        FuzzTree.CheckBytes(replies.Span, _index);
        if (used.Length > ReplyHeaderSize && !_changes)
        {
            _knowledge.Learn(_generator.Opcode, replies.Span[(SlotSize / 8 + ReplyHeaderSize)..], _random);
        }
    }

    private static int WordsOf(string fault)
    {
        int hash = 0;
        foreach (char one in fault)
        {
            hash = char.IsLetter(one) ? (hash * 31) + one : hash;
        }

        return hash;
    }

    private void SetChanges(bool changes)
    {
        lock (_changeGate)
        {
            _changes = changes;
        }
    }

    private void Change(Random random)
    {
        const int AtOnce = 64;
        while (!_ends)
        {
            lock (_changeGate)
            {
                for (int i = 0; i < AtOnce && _changes; i++)
                {
                    _area.Span[random.Next(_area.Length)] ^= (byte)(1 << random.Next(8));
                }
            }

            Thread.Sleep(0);
        }
    }
}
