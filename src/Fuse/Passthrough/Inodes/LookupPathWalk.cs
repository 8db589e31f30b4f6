using System.Runtime.CompilerServices;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>How an inode is opened again by names: from the nearest open directory to a file that must prove to be the same.</summary>
/// <param name="inodes">The inodes.</param>
/// <param name="names">The names that they were looked up by.</param>
/// <param name="mounts">Where they lie.</param>
internal sealed unsafe class LookupPathWalk(InodeTable inodes, LookupNameTable names, HostMountTable mounts)
{
    private const int PathRoom = 4096;

    // At sixteen names or more in each part: a tree deeper than anybody's, and an end for a walk through one that is moved about.
    private const int MostParts = 1024;

    /// <summary>A path reference to a pinned inode, which is the caller's; or ESTALE, or another negated error number.</summary>
    internal int Open(in InodePin pin)
    {
        int descriptor = TryEachName(pin);
        if (descriptor != -Errno.ESTALE)
        {
            return descriptor;
        }

        lock (names.RenameLock)
        {
            return TryEachName(pin);
        }
    }

    private int TryEachName(in InodePin pin)
    {
        int descriptor = -Errno.ESTALE;
        for (int nth = 0; nth < LookupName.Most && descriptor == -Errno.ESTALE; nth++)
        {
            descriptor = Walk(pin, nth);
        }

        return descriptor;
    }

    /// <summary>Opens an inode by one of its names, in several parts where the path is too long for one call.</summary>
    [SkipLocalsInit]
    private int Walk(in InodePin pin, int nth)
    {
        byte* room = stackalloc byte[PathRoom];
        InodePin reached = default;
        int descriptor = -Errno.ESTALE;
        for (int part = 0; part < MostParts; part++)
        {
            int result = Climb(pin.Index, nth, room, out byte* path, out InodePin start, out InodePin goal);
            using (start)
            {
                int directory = result < 0 ? result : inodes.Descriptor(start);
                descriptor = directory < 0 ? directory : OpenPath(directory, path, goal.Slot);
            }

            reached.Dispose();
            reached = goal;
            if (descriptor < 0 || goal.Index == pin.Index)
            {
                break;
            }

            // In use, so it stays open until the next part has started from it.
            _ = inodes.Clock.Adopt(goal, descriptor);
            descriptor = -Errno.ESTALE;
        }

        reached.Dispose();
        return descriptor;
    }

    /// <summary>
    /// Finds the nearest directory above an inode that can be had at once, and the path from there to the inode, or as far towards it as
    /// the room is enough for.
    /// </summary>
    private int Climb(int index, int nth, byte* room, out byte* path, out InodePin start, out InodePin goal)
    {
        start = goal = default;
        byte* end = room + PathRoom - 1;
        *end = 0;
        path = end;
        lock (names.Lock)
        {
            int goalIndex = index;
            LookupName* name = inodes.SlotAt(index)->Names;
            for (; nth > 0 && name is not null; nth--)
            {
                name = name->Next;
            }

            for (; name is not null; name = inodes.SlotAt(index)->Names)
            {
                if (path - room <= name->Length)
                {
                    goalIndex = index;
                    path = end;
                }

                if (path != end)
                {
                    *--path = (byte)'/';
                }

                path -= name->Length;
                name->Text.CopyTo(new Span<byte>(path, name->Length));
                index = name->Parent;
                if (CanStart(index, out start))
                {
                    _ = inodes.Pin(InodeTable.NodeOf(goalIndex, inodes.SlotAt(goalIndex)), out goal);
                    return goal.Slot is null ? -Errno.ESTALE : 0;
                }
            }
        }

        return -Errno.ESTALE;
    }

    private bool CanStart(int index, out InodePin pin)
    {
        InodeSlot* slot = inodes.SlotAt(index);
        bool hasHandles = mounts[slot->Mount].HasHandles;
        pin = default;
        if (!hasHandles && Volatile.Read(ref slot->Descriptor) < 0)
        {
            return false;
        }

        if (inodes.Pin(InodeTable.NodeOf(index, slot), out pin) == 0 && (hasHandles || Volatile.Read(ref slot->Descriptor) >= 0))
        {
            return true;
        }

        pin.Dispose();
        pin = default;
        return false;
    }

    private int OpenPath(int directory, byte* path, InodeSlot* slot)
    {
        int descriptor = Files.OpenBeneath(directory, path, OpenFlags.Path | OpenFlags.NoFollow);
        if (descriptor < 0)
        {
            return descriptor is -Errno.ENOENT or -Errno.ENOTDIR or -Errno.ELOOP or -Errno.EXDEV ? -Errno.ESTALE : descriptor;
        }

        int result = inodes.Proof.Require(slot, descriptor);
        if (result < 0)
        {
            FileDescriptor.Close(descriptor);
        }

        return result < 0 ? result : descriptor;
    }
}
