using VirtioFs.Fuse.Budgets;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Passthrough.Slots;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>Fills slots for new inodes and empties them again, within the share's bound; what an inode holds is given back with its slot.</summary>
/// <param name="slots">The memory that they lie in.</param>
/// <param name="mounts">The mounts, which count their inodes.</param>
/// <param name="bound">How many inodes there may be.</param>
/// <param name="clock">The descriptors that hold inodes.</param>
internal sealed unsafe class InodeSlotPool(SlotMemory<InodeSlot> slots, HostMountTable mounts, ShareBudget bound, DescriptorClock clock)
{
    /// <summary>Inodes that the guest knows.</summary>
    internal int Count => bound.Held;

    /// <summary>Whether one more may be known.</summary>
    internal bool HasRoom => bound.HasRoom;

    /// <summary>Fills a slot, which nobody can begin to use yet. 0 when there can be no more, or the mount is gone.</summary>
    /// <param name="key">What the host calls the inode.</param>
    /// <param name="type">File type, as in a mode.</param>
    /// <param name="descriptor">A path reference; -1 afterwards, since the slot keeps it. Or -1 from the beginning.</param>
    /// <param name="handle">The file handle, or null.</param>
    internal int Take(InodeKey key, ushort type, ref int descriptor, InodeHandle* handle)
    {
        int index = bound.TryTake() ? slots.Take() : -1;
        if (index <= 0 || !mounts[key.Mount].TryAddInode())
        {
            UndoTake(index);
            return 0;
        }

        InodeSlot* slot = slots[index];
        slot->Lookups = 1;
        slot->Inode = key.Inode;
        slot->Birth = key.Birth;
        slot->Mount = key.Mount;
        slot->Type = type;
        slot->Touched = false;
        slot->Unverified = false;
        slot->ToldChange = 0;
        slot->Parent = 0;
        slot->Children = 0;
        slot->Names = null;
        slot->IsLocked = false;
        slot->IsNameless = false;
        slot->IsUnmistakable = key.IsUnmistakable;
        slot->LockedSince = 0;
        slot->LastOpen = 0;
        if (handle is not null)
        {
            slot->Handle.Keep(handle);
        }

        slot->Descriptor = descriptor;
        if (descriptor >= 0)
        {
            clock.CountIn();
            descriptor = -1;
        }

        return index;
    }

    /// <summary>Empties a retired slot that nobody uses. Answers its names, which are the caller's to free.</summary>
    internal LookupName* Free(int index)
    {
        InodeSlot* slot = slots[index];
        LookupName* names = slot->Names;
        slot->Names = null;
        clock.Close(slot);
        slot->Handle.Release();
        mounts[slot->Mount].RemoveInode();
        bound.Give();
        SlotLifetime.Close(ref slot->Lifetime);
        slots.Free(index);
        return names;
    }

    /// <summary>Gives back what was taken for an inode that is not to be: a slot, and its share of the bound; -1 for neither.</summary>
    private void UndoTake(int index)
    {
        if (index > 0)
        {
            SlotLifetime.Close(ref slots[index]->Lifetime);
            slots.Free(index);
        }

        if (index >= 0)
        {
            bound.Give();
        }
    }
}
