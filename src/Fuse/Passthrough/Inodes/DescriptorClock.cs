using VirtioFs.Fuse.Budgets;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Passthrough.Slots;
using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>
/// How many descriptors hold inodes. Beyond the budget the clock algorithm closes those that were not used lately, where a file
/// handle or a name can stand in; and those of removed files, when nothing else is left. Only a guest that uses one without having
/// it open misses it.
/// </summary>
/// <param name="inodes">The inodes.</param>
/// <param name="slots">The memory that they lie in.</param>
/// <param name="mounts">Which of them have file handles.</param>
/// <param name="descriptors">What the share may hold of the process's descriptors.</param>
/// <param name="budget">How many of those may be inodes'.</param>
internal sealed unsafe class DescriptorClock(
    InodeTable inodes, SlotMemory<InodeSlot> slots, HostMountTable mounts, ShareBudget descriptors, int budget)
{
    private const int MostAtOnce = 32;
    private const int SlotsForEach = 64;
    private const int FruitlessPauseMilliseconds = 2, PauseForEachLook = 20;

    private readonly Lock _lock = new();
    private int _count;
    private int _hand = (int)InHeader.RootId;
    private int _fruitlessBelow;
    private long _fruitlessUntil;

    /// <summary>Path references held.</summary>
    internal int Count => Volatile.Read(ref _count);

    /// <summary>Closes descriptors for something else to be opened. False when the process has no room even then.</summary>
    internal bool MakeRoom()
    {
        lock (_lock)
        {
            long now = Environment.TickCount64;
            if (now >= _fruitlessUntil && EvictSome() == 0)
            {
                // Who finds nothing to close in very many inodes does not look again for a while.
                long end = Environment.TickCount64;
                _fruitlessUntil = end + FruitlessPauseMilliseconds + (PauseForEachLook * (end - now));
            }
        }

        return descriptors.HasRoom;
    }

    /// <summary>Whether one more may be opened, if need be after others are closed.</summary>
    internal bool HasOrMakesRoom() => descriptors.HasRoom || MakeRoom();

    /// <summary>Closes some descriptors when there are more than the budget.</summary>
    internal void KeepBudget()
    {
        if (Count <= Math.Max(budget, _fruitlessBelow) || !_lock.TryEnter())
        {
            return;
        }

        try
        {
            int evicted = EvictSome();
            // Where none can be closed, looking at all slots again for each new inode would cost more and more.
            _fruitlessBelow = evicted == 0 ? _count + (slots.End / SlotsForEach) : 0;
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <summary>Gives a pinned inode that has none a path reference, which is the inode's from here on. Answers the one it has.</summary>
    internal int Adopt(in InodePin pin, int descriptor)
    {
        int kept = Interlocked.CompareExchange(ref pin.Slot->Descriptor, descriptor, -1);
        if (kept >= 0)
        {
            FileDescriptor.Close(descriptor);
            return kept;
        }

        _ = HasOrMakesRoom();
        CountIn();
        KeepBudget();
        return descriptor;
    }

    /// <summary>Counts a descriptor that an inode begins with.</summary>
    internal void CountIn()
    {
        _ = Interlocked.Increment(ref _count);
        descriptors.Take();
    }

    /// <summary>Closes the descriptor of a slot that nobody uses, if it has one.</summary>
    internal void Close(InodeSlot* slot)
    {
        if (slot->Descriptor < 0)
        {
            return;
        }

        FileDescriptor.Close(slot->Descriptor);
        _ = Interlocked.Decrement(ref _count);
        descriptors.Give();
        Volatile.Write(ref slot->Descriptor, -1);
    }

    /// <summary>Answers how many descriptors were closed.</summary>
    private int EvictSome()
    {
        // Not more than a part of a small budget, or the search for the last of them would go through all slots each time.
        int wanted = Math.Clamp(budget / 4, 1, MostAtOnce);
        int evicted = TurnClock(wanted);
        return evicted < wanted ? evicted + Sweep() : evicted;
    }

    private int TurnClock(int wanted)
    {
        int end = slots.End;
        int evicted = 0;
        for (int looked = 0; looked < 2 * end && evicted < wanted; looked++)
        {
            _hand = _hand + 1 < end ? _hand + 1 : (int)InHeader.RootId + 1;
            if (_hand < end && TryEvict(_hand, nameless: false))
            {
                evicted++;
            }
        }

        return evicted;
    }

    /// <summary>Closes inodes without a name, which a guest removed and has not forgotten yet: many at once, since this looks at all slots.</summary>
    private int Sweep()
    {
        int end = slots.End;
        int evicted = 0;
        for (int index = (int)InHeader.RootId + 1; index < end && evicted <= budget / 2; index++)
        {
            evicted += TryEvict(index, nameless: true) ? 1 : 0;
        }

        return evicted;
    }

    private bool TryEvict(int index, bool nameless)
    {
        InodeSlot* slot = slots[index];
        if (slot->Descriptor < 0 || !SlotLifetime.TryBeginChange(ref slot->Lifetime))
        {
            return false;
        }

        bool evict = !slot->Touched && slot->Descriptor >= 0;
        if (evict)
        {
            // As long as it is open, it exists.
            slot->IsUnmistakable |= InodeKey.Of(slot).IsUnmistakable;
            evict = CanDoWithout(slot, nameless);
        }

        slot->Touched = false;
        if (evict)
        {
            Close(slot);
        }

        if (SlotLifetime.EndChange(ref slot->Lifetime))
        {
            inodes.Free(index);
        }

        return evict;
    }

    private bool CanDoWithout(InodeSlot* slot, bool nameless)
    {
        if (mounts[slot->Mount].HasHandles)
        {
            return (nameless || !slot->IsNameless) && HoldByHandle(slot);
        }

        return nameless ? slot->Names is null : HoldByName(slot);
    }

    private static bool HoldByHandle(InodeSlot* slot)
    {
        if (slot->Handle.IsEmpty && InodeHandle.Of(slot->Descriptor, out InodeHandle handle) == 0)
        {
            slot->Handle.Keep(&handle);
        }

        return !slot->Handle.IsEmpty;
    }

    /// <summary>Whether an inode can be found again by name, and be told from a later one with the same number.</summary>
    private static bool HoldByName(InodeSlot* slot)
    {
        if (slot->Names is null)
        {
            return false;
        }

        if (slot->Handle.IsEmpty && InodeHandle.Identify(slot->Descriptor, out InodeHandle handle) == 0)
        {
            slot->Handle.Keep(&handle);
        }

        return !slot->Handle.IsEmpty || slot->IsUnmistakable;
    }
}
