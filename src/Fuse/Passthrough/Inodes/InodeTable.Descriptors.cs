using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>How an inode gets a descriptor again, and what proves that it is still the same file.</summary>
internal sealed unsafe partial class InodeTable
{
    /// <summary>Gives a pinned inode that has none a path reference, which is the table's from here on. Answers the one it has.</summary>
    internal int Adopt(in InodePin pin, int descriptor)
    {
        int kept = Interlocked.CompareExchange(ref pin.Slot->Descriptor, descriptor, -1);
        if (kept >= 0)
        {
            FileDescriptor.Close(descriptor);
            return kept;
        }

        if (!_descriptorBudget.HasRoom)
        {
            _ = MakeRoom();
        }

        CountDescriptor();
        KeepBudget();
        return descriptor;
    }

    /// <summary>Whether a slot without a descriptor of its own stands for another file than the one at hand.</summary>
    private static bool IsAnotherFile(InodeSlot* slot, int descriptor, InodeHandle* handle)
    {
        if (Volatile.Read(ref slot->Descriptor) >= 0 || slot->Handle.IsEmpty)
        {
            return false;
        }

        InodeHandle own;
        if (handle is null)
        {
            if (descriptor < 0 || InodeHandle.Identify(descriptor, out own) < 0)
            {
                return true;
            }

            handle = &own;
        }

        return !slot->Handle.Equals(handle);
    }

    private int OpenByHandle(InodeSlot* slot, int flags)
    {
        HostMount mount = _mounts[slot->Mount];
        int result = slot->Handle.IsEmpty ? -Errno.ESTALE : InodeHandle.Open(mount.Descriptor, slot->Handle.Value, flags);
        if (result == -Errno.ESTALE)
        {
            LoseNumber(slot);
        }

        return result;
    }

    /// <summary>The number may be another file's by now; a new lookup is to find that one.</summary>
    private void LoseNumber(InodeSlot* slot)
    {
        InodeShard shard = ShardOf(InodeKey.Of(slot).Hash());
        lock (shard)
        {
            Unhash(shard, IndexOf(slot), slot);
        }
    }

    private int Reopen(in InodePin pin)
    {
        InodeSlot* slot = pin.Slot;
        int descriptor = _mounts[slot->Mount].HasHandles ? OpenByHandle(slot, OpenFlags.Path) : OpenByWay(pin);
        if (descriptor < 0)
        {
            return descriptor;
        }

        if (slot->Unverified && !IsTheSame(slot, descriptor))
        {
            // The name became another file's between the two. The handle is of that one.
            FileDescriptor.Close(descriptor);
            LoseNumber(slot);
            return -Errno.ESTALE;
        }

        if (!_mounts[slot->Mount].HasHandles && !_descriptorBudget.HasRoom && !MakeRoom())
        {
            // What is found by its way may not be let go again.
            FileDescriptor.Close(descriptor);
            return -Errno.ENFILE;
        }

        slot->Unverified = false;
        return Adopt(pin, descriptor);
    }

    /// <summary>Whether a descriptor is of an inode, as far as attributes tell.</summary>
    internal bool IsTheSame(InodeSlot* slot, int descriptor) =>
        FileStatus.Of(descriptor, out FileStatus status) == 0
        && _mounts.Find(status, -1) is HostMount mount
        && InodeKey.Of(mount, status) == InodeKey.Of(slot);

    private void CountDescriptor()
    {
        _ = Interlocked.Increment(ref _descriptors);
        _descriptorBudget.Take();
    }

    private void UncountDescriptor()
    {
        _ = Interlocked.Decrement(ref _descriptors);
        _descriptorBudget.Give();
    }

    private int IndexOf(InodeSlot* slot)
    {
        ulong hash = InodeKey.Of(slot).Hash();
        for (int index = ShardOf(hash).First(hash); index != 0; index = _slots[index]->Next)
        {
            if (_slots[index] == slot)
            {
                return index;
            }
        }

        return 0;
    }
}
