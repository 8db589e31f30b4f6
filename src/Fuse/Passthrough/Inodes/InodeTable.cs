using VirtioFs.Fuse.Budgets;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Passthrough.Slots;
using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>
/// The inodes that a guest knows: who uses them, and how often the guest has looked them up. A node id is a slot's number with its generation,
/// found without locks; a shard's lock is held only to find an inode by what the host calls it, and to count references.
/// </summary>
internal sealed unsafe class InodeTable : IDisposable
{
    private readonly SlotMemory<InodeSlot> _slots = new();
    private readonly InodeIndex _index;
    private readonly HostMountTable _mounts;
    private readonly InodeSlotPool _pool;

    internal InodeTable(HostMountTable mounts, ShareBudget inodes, ShareBudget descriptors, int descriptorBudget)
    {
        _mounts = mounts;
        _index = new InodeIndex(_slots);
        Clock = new DescriptorClock(this, _slots, mounts, descriptors, descriptorBudget);
        _pool = new InodeSlotPool(_slots, mounts, inodes, Clock);
        Proof = new InodeProof(_index, mounts);
        Names = new LookupNameTable(this, mounts);
        Opener = new InodeOpener(this, _index, new LookupPathWalk(this, Names, mounts), mounts);
    }

    /// <summary>The descriptors that hold inodes.</summary>
    internal DescriptorClock Clock { get; }

    /// <summary>What tells whether a file is an inode's.</summary>
    internal InodeProof Proof { get; }

    /// <summary>The names by which inodes are found again where there are no file handles.</summary>
    internal LookupNameTable Names { get; }

    /// <summary>How inodes are opened.</summary>
    internal InodeOpener Opener { get; }

    /// <summary>Inodes that the guest knows.</summary>
    internal int Count => _pool.Count;

    /// <summary>Whether one more may be known.</summary>
    internal bool HasRoom => _pool.HasRoom;

    /// <summary>Makes the root, which is never forgotten. The table owns the descriptor.</summary>
    internal void AddRoot(int descriptor, HostMount mount, in FileStatus status)
    {
        ulong node = Add(_index[0], InodeKey.Of(mount, status), status, ref descriptor, null, hashed: false);
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

    /// <summary>A slot that is kept by a pin, a reference or a name.</summary>
    internal InodeSlot* SlotAt(int index) => _slots[index];

    internal void Unpin(int index, InodeSlot* slot)
    {
        if (SlotLifetime.Unpin(ref slot->Lifetime))
        {
            Free(index);
        }
    }

    /// <summary>A path reference to a pinned inode, valid while it is pinned; or a negated error number.</summary>
    internal int Descriptor(in InodePin pin)
    {
        InodeSlot* slot = pin.Slot;
        slot->Touched = true;
        int descriptor = Volatile.Read(ref slot->Descriptor);
        return descriptor >= 0 ? descriptor : Opener.Reopen(pin);
    }

    /// <summary>Counts one more reference to an inode that is known already. False when it is not, or is not known well enough.</summary>
    internal bool TryReference(HostMount mount, in FileStatus status, out ulong node)
    {
        InodeKey key = InodeKey.Of(mount, status);
        ulong hash = key.Hash();
        InodeShard shard = _index[hash];
        lock (shard)
        {
            int index = shard.Find(hash, key);
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
    /// <returns>The node id, or 0 when the table is full or the mount is gone.</returns>
    internal ulong Reference(HostMount mount, in FileStatus status, ref int descriptor, InodeHandle* handle, bool verified)
    {
        InodeKey key = InodeKey.Of(mount, status);
        ulong hash = key.Hash();
        InodeShard shard = _index[hash];
        ulong node;
        lock (shard)
        {
            int index = shard.Find(hash, key);
            if (index != 0 && !_slots[index]->IsUnmistakable && InodeProof.IsAnotherFile(_slots[index], descriptor, handle))
            {
                shard.Remove(_slots[index]);
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

        Clock.KeepBudget();
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
        InodeShard shard = _index.Of(slot);
        lock (shard)
        {
            slot->Lookups -= Math.Min(count, slot->Lookups);
            _ = RetireUnreferenced(shard, slot);
        }

        pin.Dispose();
    }

    /// <summary>Begins to use the inode that a name leads to, if the guest knows it.</summary>
    internal InodePin PinNamed(int directory, FileName name) => PinNamed(directory, name, out _);

    /// <inheritdoc cref="PinNamed(int, FileName)"/>
    internal InodePin PinNamed(int directory, FileName name, out FileStatus status)
    {
        if (FileStatus.Of(directory, name.Bytes, out status) < 0 || _mounts.Find(status, -1) is not HostMount mount)
        {
            return default;
        }

        InodeKey key = InodeKey.Of(mount, status);
        ulong hash = key.Hash();
        InodeShard shard = _index[hash];
        ulong node;
        lock (shard)
        {
            int index = shard.Find(hash, key);
            node = index == 0 ? 0 : NodeOf(index, _slots[index]);
        }

        return node != 0 && Pin(node, out InodePin pin) == 0 ? pin : default;
    }

    /// <summary>Notes whether a pinned inode, if there is one, has lost its last name, and is to be kept by its descriptor alone.</summary>
    internal static void NoteNameless(in InodePin pin, bool isNameless)
    {
        if (pin.Slot is not null)
        {
            pin.Slot->IsNameless = isNameless;
        }
    }

    /// <summary>Keeps a pinned directory for a name that refers to it. False when it is on its way out.</summary>
    internal bool TryAddChild(in InodePin parent)
    {
        InodeSlot* slot = parent.Slot;
        lock (_index.Of(slot))
        {
            if (!SlotLifetime.IsLive(Volatile.Read(ref slot->Lifetime)))
            {
                return false;
            }

            slot->Children++;
            return true;
        }
    }

    /// <summary>Ends what <see cref="TryAddChild"/> began. True when it was the last reason to keep the directory, which the caller then frees.</summary>
    internal bool RemoveChild(int index)
    {
        InodeSlot* slot = _slots[index];
        InodeShard shard = _index.Of(slot);
        lock (shard)
        {
            slot->Children--;
            return RetireUnreferenced(shard, slot);
        }
    }

    /// <summary>Frees a retired slot that nobody uses, and what was kept for it alone.</summary>
    internal void Free(int index) => Names.Free(FreeSlot(index));

    /// <inheritdoc cref="InodeSlotPool.Free"/>
    internal LookupName* FreeSlot(int index) => _pool.Free(index);

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
            Clock.Close(root);
        }

        _index.Dispose();
        _slots.Dispose();
    }

    internal static ulong NodeOf(int index, InodeSlot* slot) =>
        ((ulong)SlotLifetime.Generation(Volatile.Read(ref slot->Lifetime)) << 32) | (uint)index;

    private ulong Add(InodeShard shard, InodeKey key, in FileStatus status, ref int descriptor, InodeHandle* handle, bool hashed)
    {
        int index = _pool.Take(key, (ushort)status.Type, ref descriptor, handle);
        if (index == 0)
        {
            return 0;
        }

        if (hashed)
        {
            shard.Insert(index, key.Hash());
        }

        InodeSlot* slot = _slots[index];
        SlotLifetime.Open(ref slot->Lifetime);
        return NodeOf(index, slot);
    }

    /// <summary>Lets nobody begin to use a slot that there is no reason to keep. True when nobody does, and the caller frees it.</summary>
    private static bool RetireUnreferenced(InodeShard shard, InodeSlot* slot)
    {
        if (slot->Lookups > 0 || slot->Children > 0)
        {
            return false;
        }

        shard.Remove(slot);
        return SlotLifetime.Retire(ref slot->Lifetime);
    }
}
