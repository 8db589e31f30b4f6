using System.Runtime.InteropServices;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Passthrough.Slots;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>
/// Where there are no file handles, an inode is found again by its way: the directory and the name that it was looked up by. What
/// lies there now must prove to be the same file. The guest's own renames and removals are followed, so that it loses nothing by them.
/// </summary>
internal sealed unsafe partial class InodeTable
{
    private const int NameVersions = 1024;
    private const int PathRoom = 4096;

    // At sixteen names or more in each part: a tree deeper than anybody's, and an end for a walk through one that is moved about.
    private const int MostParts = 1024;

    /// <summary>Guards all ways. A shard's lock may be taken inside of it, and no call to the host is made.</summary>
    private readonly Lock _ways = new();

    private readonly uint[] _nameVersions = new uint[NameVersions];

    /// <summary>Held while the guest renames something, so that an inode is given up for gone only when nothing is being moved.</summary>
    internal Lock Moves { get; } = new();

    /// <summary>Whether what is in a directory is found again by its way.</summary>
    internal bool NeedsWays(in InodePin directory) => !_mounts[directory.Slot->Mount].HasHandles;

    /// <summary>A number that changes when the guest removes or renames this name: asked before the name is looked up.</summary>
    internal uint NameVersion(in InodePin directory, FileName name) =>
        NeedsWays(directory) ? Volatile.Read(ref VersionOf(directory.Index, name)) : 0;

    /// <summary>Notes by what way an inode was found, unless the name has become another's since <paramref name="version"/> was asked.</summary>
    internal void NoteWay(ulong node, in InodePin parent, FileName name, uint version, bool hasMoreNames)
    {
        if (Pin(node, out InodePin pin) < 0)
        {
            return;
        }

        using (pin)
        {
            InodeWay* dropped = null;
            lock (_ways)
            {
                if (!NeedsWays(parent) || VersionOf(parent.Index, name) == version)
                {
                    AddWay(pin, parent, name, hasMoreNames, ref dropped);
                }
            }

            FreeWays(dropped);
        }
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
        InodeShard shard = ShardOf(hash);
        ulong node;
        lock (shard)
        {
            int index = Find(shard, hash, key);
            node = index == 0 ? 0 : NodeOf(index, _slots[index]);
        }

        return node != 0 && Pin(node, out InodePin pin) == 0 ? pin : default;
    }

    /// <summary>Opens a pinned inode by the last name that it is known by, which it is about to lose: the guest may use it without one.</summary>
    internal void HoldWithoutName(in InodePin pin, in InodePin parent, int directory, FileName name)
    {
        if (pin.Slot is null
            || Volatile.Read(ref pin.Slot->Descriptor) >= 0
            || HasOtherWay(pin, parent, name)
            || (!_descriptorBudget.HasRoom && !MakeRoom()))
        {
            return;
        }

        int descriptor = Files.Open(directory, name.Bytes, OpenFlags.Path | OpenFlags.NoFollow);
        if (descriptor >= 0 && Prove(pin.Slot, descriptor) == 0)
        {
            _ = Adopt(pin, descriptor);
            return;
        }

        FileDescriptor.Close(descriptor);
    }

    /// <summary>Notes whether a pinned inode, if there is one, has lost its last name, and is to be kept by its descriptor alone.</summary>
    internal static void NoteNameless(in InodePin pin, bool isNameless)
    {
        if (pin.Slot is not null)
        {
            pin.Slot->IsNameless = isNameless;
        }
    }

    /// <summary>Notes that a name is gone, which led to a pinned inode or to nothing that the guest knows.</summary>
    internal void NoteRemoved(in InodePin pin, in InodePin parent, FileName name)
    {
        InodeWay* dropped = null;
        lock (_ways)
        {
            VersionOf(parent.Index, name)++;
            DropWay(pin, parent, name, ref dropped);
        }

        FreeWays(dropped);
    }

    /// <summary>Notes that a name led to <paramref name="moved"/> and the other one to <paramref name="replaced"/>, before they changed.</summary>
    internal void NoteRenamed(
        in InodePin moved, in InodePin parent, FileName name, in InodePin replaced, in InodePin newParent, FileName newName, bool exchanged)
    {
        InodeWay* dropped = null;
        lock (_ways)
        {
            VersionOf(parent.Index, name)++;
            VersionOf(newParent.Index, newName)++;
            DropWay(moved, parent, name, ref dropped);
            DropWay(replaced, newParent, newName, ref dropped);
            if (moved.Slot is not null)
            {
                AddWay(moved, newParent, newName, hasMoreNames: true, ref dropped);
            }

            if (exchanged && replaced.Slot is not null)
            {
                AddWay(replaced, parent, name, hasMoreNames: true, ref dropped);
            }
        }

        FreeWays(dropped);
    }

    private ref uint VersionOf(int parent, FileName name)
    {
        HashCode hash = default;
        hash.Add(parent);
        hash.AddBytes(new ReadOnlySpan<byte>(name.Bytes, name.Length));
        return ref _nameVersions[hash.ToHashCode() & (NameVersions - 1)];
    }

    private void AddWay(in InodePin pin, in InodePin parent, FileName name, bool hasMoreNames, ref InodeWay* dropped)
    {
        InodeSlot* slot = pin.Slot;
        if (slot->Ways is not null && slot->Ways->Is(parent.Index, name))
        {
            return;
        }

        bool keepsOthers = hasMoreNames && slot->Type != FileStatus.Directory;
        DropWay(pin, parent, name, ref dropped);
        DropAfter(ref slot->Ways, keepsOthers ? InodeWay.Most - 1 : 0, ref dropped);

        // Where the host moves directories about, old ways and new ones could lead in a circle. Then there is none for now.
        bool circular = slot->Children > 0 && LeadsThrough(parent.Index, pin.Index);
        if (!circular && TryAddChild(parent))
        {
            slot->Ways = InodeWay.Create(parent.Index, name, slot->Ways);
        }
    }

    private bool HasOtherWay(in InodePin pin, in InodePin parent, FileName name)
    {
        lock (_ways)
        {
            InodeWay* way = pin.Slot->Ways;
            return way is not null && (way->Next is not null || !way->Is(parent.Index, name));
        }
    }

    private static void DropWay(in InodePin pin, in InodePin parent, FileName name, ref InodeWay* dropped)
    {
        if (pin.Slot is null)
        {
            return;
        }

        for (InodeWay** link = &pin.Slot->Ways; *link is not null; link = &(*link)->Next)
        {
            if ((*link)->Is(parent.Index, name))
            {
                InodeWay* way = *link;
                *link = way->Next;
                way->Next = dropped;
                dropped = way;
                return;
            }
        }
    }

    /// <summary>Cuts a list of ways to a length.</summary>
    private static void DropAfter(ref InodeWay* ways, int count, ref InodeWay* dropped)
    {
        fixed (InodeWay** first = &ways)
        {
            InodeWay** link = first;
            for (int i = 0; i < count && *link is not null; i++)
            {
                link = &(*link)->Next;
            }

            while (*link is not null)
            {
                InodeWay* way = *link;
                *link = way->Next;
                way->Next = dropped;
                dropped = way;
            }
        }
    }

    private bool LeadsThrough(int index, int wanted)
    {
        while (index != wanted)
        {
            InodeWay* way = _slots[index]->Ways;
            if (way is null)
            {
                return false;
            }

            index = way->Parent;
        }

        return true;
    }

    private bool TryAddChild(in InodePin parent)
    {
        InodeSlot* slot = parent.Slot;
        lock (ShardOf(InodeKey.Of(slot).Hash()))
        {
            if (!SlotLifetime.IsLive(Volatile.Read(ref slot->Lifetime)))
            {
                return false;
            }

            slot->Children++;
            return true;
        }
    }

    /// <summary>True when it was the last reason to keep the directory, which the caller then frees.</summary>
    private bool RemoveChild(int index)
    {
        InodeSlot* slot = _slots[index];
        InodeShard shard = ShardOf(InodeKey.Of(slot).Hash());
        lock (shard)
        {
            slot->Children--;
            return RetireUnreferenced(shard, index, slot);
        }
    }

    /// <summary>Frees ways, and the directories that were kept for nothing else, and so on upwards.</summary>
    private void FreeWays(InodeWay* ways)
    {
        while (ways is not null)
        {
            InodeWay* way = ways;
            ways = way->Next;
            int parent = way->Parent;
            NativeMemory.Free(way);
            if (RemoveChild(parent))
            {
                InodeWay* further = _slots[parent]->Ways;
                _slots[parent]->Ways = null;
                FreeSlot(parent);
                Append(ref further, ways);
                ways = further;
            }
        }
    }

    private static void Append(ref InodeWay* ways, InodeWay* more)
    {
        fixed (InodeWay** first = &ways)
        {
            InodeWay** link = first;
            while (*link is not null)
            {
                link = &(*link)->Next;
            }

            *link = more;
        }
    }
}
