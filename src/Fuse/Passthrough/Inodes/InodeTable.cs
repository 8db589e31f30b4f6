using VirtioFs.Fuse.Budgets;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Passthrough.Slots;
using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>
/// The inodes that a guest knows. A node id is a slot's number with its generation, found without locks; a shard's lock is
/// held only to find an inode by what the host calls it, and to count references.
/// </summary>
internal sealed unsafe partial class InodeTable : IDisposable
{
    private const int ShardBits = 6;

    private readonly SlotMemory<InodeSlot> _slots = new();
    private readonly InodeShard[] _shards = new InodeShard[1 << ShardBits];
    private readonly HostMountTable _mounts;
    private readonly ShareBudget _inodes;
    private readonly ShareBudget _descriptorBudget;
    private int _descriptors;

    internal InodeTable(HostMountTable places, ShareBudget inodes, ShareBudget descriptors, int descriptorBudget)
    {
        _mounts = places;
        _inodes = inodes;
        _descriptorBudget = descriptors;
        _budget = descriptorBudget;
        for (int i = 0; i < _shards.Length; i++)
        {
            _shards[i] = new InodeShard(_slots, ShardBits);
        }
    }

    /// <summary>Inodes that the guest knows.</summary>
    internal int Count => _inodes.Held;

    /// <summary>Whether one more may be known.</summary>
    internal bool HasRoom => _inodes.HasRoom;

    /// <summary>Path references held.</summary>
    internal int Descriptors => Volatile.Read(ref _descriptors);

    /// <summary>Makes the root, which is never forgotten. The table owns the descriptor.</summary>
    internal void AddRoot(int descriptor, HostMount mount, in FileStatus status)
    {
        ulong node = Add(_shards[0], InodeKey.Of(mount, status), status, ref descriptor, null, hashed: false);
        if (node != InHeader.RootId)
        {
            throw new InvalidOperationException("The root must be the first inode of a table.");
        }

        _ = SlotLifetime.TryPin(ref _slots[(int)node]->Lifetime, 0);
    }

    /// <summary>Begins to use an inode. ESTALE for one that the guest does not know.</summary>
    internal int Pin(ulong node, out InodePin pin)
    {
        InodeSlot* slot = _slots[(int)(uint)node];
        if (slot is null || !SlotLifetime.TryPin(ref slot->Lifetime, (uint)(node >> 32)))
        {
            pin = default;
            return -Errno.ESTALE;
        }

        pin = new InodePin(this, (int)(uint)node, slot);
        return 0;
    }

    /// <summary>
    /// The slot of a node without using it, or null: for notes beside, of which no harm comes when the slot is another's by now.
    /// </summary>
    internal InodeSlot* Peek(ulong node) => _slots[(int)(uint)node];

    internal void Unpin(int index, InodeSlot* slot)
    {
        if (SlotLifetime.Unpin(ref slot->Lifetime))
        {
            Free(index, slot);
        }
    }

    /// <summary>A path reference to a pinned inode, valid while it is pinned; or a negated error number.</summary>
    internal int Descriptor(in InodePin pin)
    {
        InodeSlot* slot = pin.Slot;
        slot->Touched = true;
        int descriptor = Volatile.Read(ref slot->Descriptor);
        return descriptor >= 0 ? descriptor : Reopen(pin);
    }

    /// <summary>Counts one more reference to an inode that is known already. False when it is not, or is not known well enough.</summary>
    internal bool TryReference(HostMount mount, in FileStatus status, out ulong node)
    {
        InodeKey key = InodeKey.Of(mount, status);
        ulong hash = key.Hash();
        InodeShard shard = ShardOf(hash);
        lock (shard)
        {
            int index = Find(shard, hash, key);
            node = 0;
            if (index == 0)
            {
                return false;
            }

            InodeSlot* slot = _slots[index];
            if (slot->Descriptor < 0 && !slot->IsUnmistakable)
            {
                // Nothing keeps the number from being another file's by now: the caller looks closer.
                return false;
            }

            slot->Lookups++;
            node = NodeOf(index, slot);
            return true;
        }
    }

    /// <summary>Counts one more reference to an inode, which becomes known if it was not.</summary>
    /// <param name="mount">Where it is.</param>
    /// <param name="status">What statx told of <paramref name="descriptor"/>, or of the name that the handle was got by.</param>
    /// <param name="descriptor">A path reference; -1 afterwards when the table keeps it. Or -1 from the beginning.</param>
    /// <param name="handle">The file handle, or null.</param>
    /// <param name="verified">Whether handle and status are certainly those of one file.</param>
    /// <returns>The node id, or 0 when the table is full or the place is gone.</returns>
    internal ulong Reference(HostMount mount, in FileStatus status, ref int descriptor, InodeHandle* handle, bool verified)
    {
        InodeKey key = InodeKey.Of(mount, status);
        ulong hash = key.Hash();
        InodeShard shard = ShardOf(hash);
        ulong node;
        lock (shard)
        {
            int index = Find(shard, hash, key);
            if (index != 0 && !_slots[index]->IsUnmistakable && IsAnotherFile(_slots[index], descriptor, handle))
            {
                Unhash(shard, index, _slots[index]);
                index = 0;
            }

            if (index != 0)
            {
                InodeSlot* slot = _slots[index];
                slot->IsUnmistakable |= key.IsUnmistakable;
                slot->Lookups++;
                return NodeOf(index, slot);
            }

            node = Add(shard, key, status, ref descriptor, handle, hashed: true);
            if (node != 0)
            {
                _slots[(int)(uint)node]->Unverified = !verified;
            }
        }

        KeepBudget();
        return node;
    }

    /// <summary>Takes references back; the last one lets the inode go.</summary>
    internal void Forget(ulong node, ulong count)
    {
        if (node == InHeader.RootId || Pin(node, out InodePin pin) < 0)
        {
            return;
        }

        InodeSlot* slot = pin.Slot;
        InodeShard shard = ShardOf(InodeKey.Of(slot).Hash());
        lock (shard)
        {
            slot->Lookups -= Math.Min(count, slot->Lookups);
            _ = RetireUnreferenced(shard, (int)(uint)node, slot);
        }

        pin.Dispose();
    }

    /// <summary>One more than the highest number of an inode's slot so far.</summary>
    internal int End => _slots.End;

    /// <summary>Begins to use what a slot holds, whatever that is. False when it holds nothing.</summary>
    internal bool TryPinSlot(int index, out InodePin pin)
    {
        InodeSlot* slot = _slots[index];
        bool held = slot is not null && SlotLifetime.TryPin(ref slot->Lifetime, SlotLifetime.Generation(Volatile.Read(ref slot->Lifetime)));
        pin = held ? new InodePin(this, index, slot) : default;
        return held;
    }

    /// <summary>Lets all inodes but the root go; those in use go when their use ends.</summary>
    internal void Clear()
    {
        int end = _slots.End;
        for (int index = (int)InHeader.RootId + 1; index < end; index++)
        {
            InodeSlot* slot = _slots[index];
            if (!SlotLifetime.IsLive(Volatile.Read(ref slot->Lifetime)))
            {
                continue;
            }

            uint generation = SlotLifetime.Generation(Volatile.Read(ref slot->Lifetime));
            Forget(((ulong)generation << 32) | (uint)index, ulong.MaxValue);
        }
    }

    public void Dispose()
    {
        Clear();
        InodeSlot* root = _slots[(int)InHeader.RootId];
        if (root is not null)
        {
            FileDescriptor.Close(root->Descriptor);
            UncountDescriptor();
        }

        Array.ForEach(_shards, shard => shard.Dispose());
        _slots.Dispose();
    }

    internal static ulong NodeOf(int index, InodeSlot* slot) =>
        ((ulong)SlotLifetime.Generation(Volatile.Read(ref slot->Lifetime)) << 32) | (uint)index;

    private InodeShard ShardOf(ulong hash) => _shards[hash & ((1 << ShardBits) - 1)];

    private ulong Add(InodeShard shard, InodeKey key, in FileStatus status, ref int descriptor, InodeHandle* handle, bool hashed)
    {
        HostMount mount = _mounts[key.Mount];
        int index = _inodes.TryTake() ? _slots.Take() : -1;
        if (index <= 0 || !mount.TryAddInode())
        {
            UndoAdd(index);
            return 0;
        }

        InodeSlot* slot = _slots[index];
        slot->Lookups = 1;
        slot->Inode = key.Inode;
        slot->Birth = key.Birth;
        slot->Mount = key.Mount;
        slot->Type = (ushort)status.Type;
        slot->Touched = false;
        slot->Unverified = false;
        slot->ToldChange = 0;
        slot->Parent = 0;
        slot->Children = 0;
        slot->Ways = null;
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
            CountDescriptor();
            descriptor = -1;
        }

        if (hashed)
        {
            shard.Insert(index, key.Hash());
            slot->Hashed = true;
        }

        SlotLifetime.Open(ref slot->Lifetime);
        return NodeOf(index, slot);
    }

    /// <summary>Gives back what was taken for an inode that is not to be: a slot, and its place in the budget; -1 for neither.</summary>
    private void UndoAdd(int index)
    {
        if (index > 0)
        {
            SlotLifetime.Close(ref _slots[index]->Lifetime);
            _slots.Free(index);
        }

        if (index >= 0)
        {
            _inodes.Give();
        }
    }

    private int Find(InodeShard shard, ulong hash, InodeKey key)
    {
        for (int index = shard.First(hash); index != 0; index = _slots[index]->Next)
        {
            if (InodeKey.Of(_slots[index]) == key)
            {
                return index;
            }
        }

        return 0;
    }

    private void Unhash(InodeShard shard, int index, InodeSlot* slot)
    {
        if (slot->Hashed)
        {
            shard.Remove(index, InodeKey.Of(slot).Hash());
            slot->Hashed = false;
        }
    }

    /// <summary>Lets nobody begin to use a slot that there is no reason to keep. True when nobody does, and the caller frees it.</summary>
    private bool RetireUnreferenced(InodeShard shard, int index, InodeSlot* slot)
    {
        if (slot->Lookups > 0 || slot->Children > 0)
        {
            return false;
        }

        Unhash(shard, index, slot);
        return SlotLifetime.Retire(ref slot->Lifetime);
    }

    private void Free(int index, InodeSlot* slot)
    {
        InodeWay* ways = slot->Ways;
        slot->Ways = null;
        FreeSlot(index);
        FreeWays(ways);
    }

    private void FreeSlot(int index)
    {
        InodeSlot* slot = _slots[index];
        if (slot->Descriptor >= 0)
        {
            FileDescriptor.Close(slot->Descriptor);
            UncountDescriptor();
            slot->Descriptor = -1;
        }

        slot->Handle.Release();
        _mounts[slot->Mount].RemoveInode();
        _inodes.Give();
        SlotLifetime.Close(ref slot->Lifetime);
        _slots.Free(index);
    }
}
