using System.Runtime.InteropServices;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>
/// By what names inodes were looked up, where there are no file handles to find them again. The guest's own renames and removals are
/// followed, so that it loses nothing by them.
/// </summary>
/// <param name="inodes">The inodes, each of which has its names in <see cref="InodeSlot.Names"/>.</param>
/// <param name="mounts">Which of them need names.</param>
internal sealed unsafe class LookupNameTable(InodeTable inodes, HostMountTable mounts)
{
    private const int NameVersions = 1024;

    private readonly uint[] _nameVersions = new uint[NameVersions];

    /// <summary>Guards the names of all inodes. A shard's lock may be taken within, and no call to the host is made.</summary>
    internal Lock Lock { get; } = new();

    /// <summary>Held while the guest renames something, so that an inode counts as gone only when nothing is being renamed.</summary>
    internal Lock RenameLock { get; } = new();

    /// <summary>Whether what is in a directory is found again by name.</summary>
    internal bool AreNeededIn(in InodePin directory) => !mounts[directory.Slot->Mount].HasHandles;

    /// <summary>A number that changes when the guest removes or renames this name: asked before the name is looked up.</summary>
    internal uint NameVersion(in InodePin directory, FileName name) =>
        AreNeededIn(directory) ? Volatile.Read(ref VersionOf(directory.Index, name)) : 0;

    /// <summary>Notes the name that an inode was looked up by, unless it has become another's since <paramref name="version"/> was asked.</summary>
    internal void Note(ulong node, in InodePin parent, FileName name, uint version, bool hasMoreNames)
    {
        if (inodes.Pin(node, out InodePin pin) < 0)
        {
            return;
        }

        using (pin)
        {
            LookupName* dropped = null;
            lock (Lock)
            {
                if (!AreNeededIn(parent) || VersionOf(parent.Index, name) == version)
                {
                    Add(pin, parent, name, hasMoreNames, ref dropped);
                }
            }

            Free(dropped);
        }
    }

    /// <summary>Notes that a name is gone, which led to a pinned inode or to nothing that the guest knows.</summary>
    internal void NoteRemoved(in InodePin pin, in InodePin parent, FileName name)
    {
        LookupName* dropped = null;
        lock (Lock)
        {
            VersionOf(parent.Index, name)++;
            Drop(pin, parent, name, ref dropped);
        }

        Free(dropped);
    }

    /// <summary>Notes that a name led to <paramref name="moved"/> and the other one to <paramref name="replaced"/>, before they changed.</summary>
    internal void NoteRenamed(
        in InodePin moved, in InodePin parent, FileName name, in InodePin replaced, in InodePin newParent, FileName newName, bool exchanged)
    {
        LookupName* dropped = null;
        lock (Lock)
        {
            VersionOf(parent.Index, name)++;
            VersionOf(newParent.Index, newName)++;
            Drop(moved, parent, name, ref dropped);
            Drop(replaced, newParent, newName, ref dropped);
            if (moved.Slot is not null)
            {
                Add(moved, newParent, newName, hasMoreNames: true, ref dropped);
            }

            if (exchanged && replaced.Slot is not null)
            {
                Add(replaced, parent, name, hasMoreNames: true, ref dropped);
            }
        }

        Free(dropped);
    }

    /// <summary>Opens a pinned inode by the last name that it is known by, which it is about to lose: the guest may use it without one.</summary>
    internal void HoldWithoutName(in InodePin pin, in InodePin parent, int directory, FileName name)
    {
        if (pin.Slot is null || Volatile.Read(ref pin.Slot->Descriptor) >= 0 || HasOtherName(pin, parent, name) || !inodes.Clock.HasOrMakesRoom())
        {
            return;
        }

        int descriptor = Files.Open(directory, name.Bytes, OpenFlags.Path | OpenFlags.NoFollow);
        if (descriptor >= 0 && inodes.Proof.Require(pin.Slot, descriptor) == 0)
        {
            _ = inodes.Clock.Adopt(pin, descriptor);
            return;
        }

        FileDescriptor.Close(descriptor);
    }

    /// <summary>Frees names, and the directories that were kept for nothing else, and so on upwards.</summary>
    internal void Free(LookupName* names)
    {
        while (names is not null)
        {
            LookupName* name = names;
            names = name->Next;
            int parent = name->Parent;
            NativeMemory.Free(name);
            if (inodes.RemoveChild(parent))
            {
                LookupName* further = inodes.FreeSlot(parent);
                LookupNameList.Append(ref further, names);
                names = further;
            }
        }
    }

    private ref uint VersionOf(int parent, FileName name)
    {
        HashCode hash = default;
        hash.Add(parent);
        hash.AddBytes(new ReadOnlySpan<byte>(name.Bytes, name.Length));
        return ref _nameVersions[hash.ToHashCode() & (NameVersions - 1)];
    }

    private void Add(in InodePin pin, in InodePin parent, FileName name, bool hasMoreNames, ref LookupName* dropped)
    {
        InodeSlot* slot = pin.Slot;
        if (slot->Names is not null && slot->Names->Is(parent.Index, name))
        {
            return;
        }

        bool keepsOthers = hasMoreNames && slot->Type != FileStatus.Directory;
        LookupNameList.Drop(ref slot->Names, parent.Index, name, ref dropped);
        LookupNameList.DropAfter(ref slot->Names, keepsOthers ? LookupName.Most - 1 : 0, ref dropped);

        // Where the host moves directories about, old names and new ones could form a circle. Then the inode has none for now.
        bool circular = slot->Children > 0 && LeadsThrough(parent.Index, pin.Index);
        if (!circular && inodes.TryAddChild(parent))
        {
            slot->Names = LookupName.Create(parent.Index, name, slot->Names);
        }
    }

    private static void Drop(in InodePin pin, in InodePin parent, FileName name, ref LookupName* dropped)
    {
        if (pin.Slot is not null)
        {
            LookupNameList.Drop(ref pin.Slot->Names, parent.Index, name, ref dropped);
        }
    }

    private bool HasOtherName(in InodePin pin, in InodePin parent, FileName name)
    {
        lock (Lock)
        {
            LookupName* last = pin.Slot->Names;
            return last is not null && (last->Next is not null || !last->Is(parent.Index, name));
        }
    }

    private bool LeadsThrough(int index, int wanted)
    {
        while (index != wanted)
        {
            LookupName* name = inodes.SlotAt(index)->Names;
            if (name is null)
            {
                return false;
            }

            index = name->Parent;
        }

        return true;
    }
}
