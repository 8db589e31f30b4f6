using System.Runtime.InteropServices;
using VirtioFs.DeviceEngine.Memory;

namespace VirtioFs.DeviceEngine.Rings;

/// <summary>
/// Reads descriptor chains (virtio 1.2 §2.7.5). The tables lie in memory that the guest can change at any time, so each descriptor is
/// copied once, and only the copy is looked at.
/// </summary>
internal sealed unsafe class ChainReader
{
    // Guests before Linux 5.13 make indirect tables that are longer than their ring (fs/fuse/virtio_fs.c clamps since); QEMU's own
    // devices take as many (VIRTQUEUE_MAX_SIZE).
    private const int LongestSmallRingTable = 1024;
    private const int WindowSize = 8;
    private readonly RingDescriptor[] _window = new RingDescriptor[WindowSize];
    private int _hint;
    private int _tableHint;
    private int _windowStart;
    private int _windowCount;

    /// <summary>Takes one chain and reads it. Null, or how the driver broke the rules, as a sentence; then the chain is not taken.</summary>
    internal string? TryTake(SplitRing ring, GuestMemory memory, ushort head, RequestChain chain)
    {
        if (head >= ring.Size)
        {
            return $"The driver offers the chain of descriptor {head} of a ring that has {ring.Size}.";
        }

        if (!ring.InFlight.TryTake(head))
        {
            return $"The driver offers the chain of descriptor {head} again, which it has not got back.";
        }

        string? fault = TryRead(ring, memory, head, chain);
        if (fault is not null)
        {
            ring.InFlight.GiveBack(head);
        }

        return fault;
    }

    private string? TryRead(SplitRing ring, GuestMemory memory, ushort head, RequestChain chain)
    {
        chain.Begin(head);
        int index = head;
        for (int count = 0; count < ring.Size; count++)
        {
            if (index >= ring.Size)
            {
                return $"A chain names descriptor {index} of a ring that has {ring.Size}.";
            }

            RingDescriptor descriptor = ring.Copy(index);
            if ((descriptor.Flags & RingDescriptor.Indirect) != 0)
            {
                return TryReadTable(ring, memory, descriptor, chain);
            }

            string? fault = TryAdd(memory, descriptor, chain);
            if (fault is not null || (descriptor.Flags & RingDescriptor.HasNext) == 0)
            {
                return fault;
            }

            index = descriptor.Next;
        }

        return $"A chain has more than {ring.Size} descriptors: it runs in a loop.";
    }

    private string? TryReadTable(SplitRing ring, GuestMemory memory, in RingDescriptor table, RequestChain chain)
    {
        string? fault = DescribeFault(ring, table);
        if (fault is not null)
        {
            return fault;
        }

        int length = (int)table.Length / sizeof(RingDescriptor);
        nint start = 0;
        bool inOnePiece = !memory.MayVanish
            && memory.TryTranslate(table.Address, ref _tableHint, out start, out ulong available)
            && available >= table.Length;
        int index = 0;
        _windowCount = 0;
        for (int count = 0; count < length; count++)
        {
            RingDescriptor descriptor = inOnePiece ? ((RingDescriptor*)start)[index] : default;
            if (!inOnePiece && !TryCopy(memory, table, index, out descriptor))
            {
                return $"An indirect descriptor table at {table.Address:x} is not in the guest's memory.";
            }

            if ((descriptor.Flags & RingDescriptor.Indirect) != 0)
            {
                return "An indirect descriptor table names another one.";
            }

            fault = TryAdd(memory, descriptor, chain);
            if (fault is not null || (descriptor.Flags & RingDescriptor.HasNext) == 0)
            {
                return fault;
            }

            index = descriptor.Next;
            if (index >= length)
            {
                return $"A chain names descriptor {index} of an indirect table that has {length}.";
            }
        }

        return $"A chain has more than the {length} descriptors of its indirect table: it runs in a loop.";
    }

    // Neighbours are most often wanted next, and a copy may be a system call.
    private bool TryCopy(GuestMemory memory, in RingDescriptor table, int index, out RingDescriptor descriptor)
    {
        if ((uint)(index - _windowStart) >= (uint)_windowCount)
        {
            _windowStart = index;
            _windowCount = Math.Min(((int)table.Length / sizeof(RingDescriptor)) - index, _window.Length);
            ulong address = table.Address + ((ulong)index * (ulong)sizeof(RingDescriptor));
            if (!memory.TryCopy(address, MemoryMarshal.AsBytes(_window.AsSpan(0, _windowCount)), ref _tableHint))
            {
                descriptor = default;
                return false;
            }
        }

        descriptor = _window[index - _windowStart];
        return true;
    }

    private static string? DescribeFault(SplitRing ring, in RingDescriptor table)
    {
        if (!ring.Features.IndirectDescriptors)
        {
            return "A chain has an indirect descriptor, which was not agreed on.";
        }

        if ((table.Flags & RingDescriptor.HasNext) != 0)
        {
            return "A descriptor is indirect and has a next one, too.";
        }

        if (table.Length == 0 || table.Length % sizeof(RingDescriptor) != 0)
        {
            return $"An indirect descriptor table has {table.Length} bytes, which is not a number of descriptors.";
        }

        int longest = Math.Max(ring.Size, LongestSmallRingTable);
        long length = table.Length / sizeof(RingDescriptor);
        return length > longest ? $"An indirect descriptor table has {length} descriptors; {longest} are possible." : null;
    }

    private string? TryAdd(GuestMemory memory, in RingDescriptor descriptor, RequestChain chain)
    {
        if (chain.HasReply && (descriptor.Flags & RingDescriptor.Writable) == 0)
        {
            return "A chain has a readable descriptor after a writable one.";
        }

        chain.Add(memory, descriptor, ref _hint);
        return null;
    }
}
