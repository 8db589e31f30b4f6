using VirtioFs.Fuse.Passthrough.Slots;
using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>
/// How many descriptors hold inodes. Beyond the budget the clock algorithm lets go of those that were not used lately, where a file
/// handle or the way that an inode was found by can stand in; and of removed files, when nothing else is left. Only a guest that
/// uses one without having it open misses it.
/// </summary>
internal sealed unsafe partial class InodeTable
{
    private const int MostAtOnce = 32;
    private const int SlotsForEach = 64;
    private const int FruitlessPauseMilliseconds = 2, PauseForEachLook = 20;

    private readonly int _budget;
    private readonly Lock _clockLock = new();
    private int _hand = (int)InHeader.RootId;
    private int _fruitlessBelow;
    private long _fruitlessUntil;

    /// <summary>Lets go of descriptors for something else to be opened. False when the process has no room even then.</summary>
    internal bool MakeRoom()
    {
        lock (_clockLock)
        {
            long now = Environment.TickCount64;
            if (now >= _fruitlessUntil && LetGo() == 0)
            {
                // Who finds nothing to let go in very many inodes does not look again for a while.
                long end = Environment.TickCount64;
                _fruitlessUntil = end + FruitlessPauseMilliseconds + (PauseForEachLook * (end - now));
            }
        }

        return _descriptorBudget.HasRoom;
    }

    private void KeepBudget()
    {
        if (Volatile.Read(ref _descriptors) <= Math.Max(_budget, _fruitlessBelow) || !_clockLock.TryEnter())
        {
            return;
        }

        try
        {
            int evicted = LetGo();
            // Where nothing can be let go, looking at all slots again for each new inode would cost more and more.
            _fruitlessBelow = evicted == 0 ? _descriptors + (_slots.End / SlotsForEach) : 0;
        }
        finally
        {
            _clockLock.Exit();
        }
    }

    /// <summary>Answers how many descriptors were let go.</summary>
    private int LetGo()
    {
        // Not more than a part of a small budget, or the search for the last of them would go through all slots each time.
        int wanted = Math.Clamp(_budget / 4, 1, MostAtOnce);
        int evicted = TurnClock(wanted);
        return evicted < wanted ? evicted + Sweep() : evicted;
    }

    private int TurnClock(int wanted)
    {
        int end = _slots.End;
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

    /// <summary>Lets go of inodes without a name, which a guest removed and has not forgotten yet: many at once, since this looks at all slots.</summary>
    private int Sweep()
    {
        int end = _slots.End;
        int evicted = 0;
        for (int index = (int)InHeader.RootId + 1; index < end && evicted <= _budget / 2; index++)
        {
            evicted += TryEvict(index, nameless: true) ? 1 : 0;
        }

        return evicted;
    }

    private bool TryEvict(int index, bool nameless)
    {
        InodeSlot* slot = _slots[index];
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
            FileDescriptor.Close(slot->Descriptor);
            UncountDescriptor();
            Volatile.Write(ref slot->Descriptor, -1);
        }

        if (SlotLifetime.EndChange(ref slot->Lifetime))
        {
            Free(index, slot);
        }

        return evict;
    }

    private bool CanDoWithout(InodeSlot* slot, bool nameless)
    {
        if (_mounts[slot->Mount].HasHandles)
        {
            return (nameless || !slot->IsNameless) && HoldByHandle(slot);
        }

        return nameless ? slot->Ways is null : HoldByWay(slot);
    }

    private static bool HoldByHandle(InodeSlot* slot)
    {
        if (slot->Handle.IsEmpty && InodeHandle.Of(slot->Descriptor, out InodeHandle handle) == 0)
        {
            slot->Handle.Keep(&handle);
        }

        return !slot->Handle.IsEmpty;
    }
}
