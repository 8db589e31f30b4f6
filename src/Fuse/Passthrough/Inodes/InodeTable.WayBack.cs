using System.Runtime.CompilerServices;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>How an inode is found again by its way: from the nearest open directory through names, to a file that must prove to be the same.</summary>
internal sealed unsafe partial class InodeTable
{
    private int OpenByWay(in InodePin pin)
    {
        int descriptor = FollowWays(pin);
        if (descriptor != -Errno.ESTALE)
        {
            return descriptor;
        }

        lock (Moves)
        {
            return FollowWays(pin);
        }
    }

    private int FollowWays(in InodePin pin)
    {
        int descriptor = -Errno.ESTALE;
        for (int nth = 0; nth < InodeWay.Most && descriptor == -Errno.ESTALE; nth++)
        {
            descriptor = FollowWay(pin, nth);
        }

        return descriptor;
    }

    /// <summary>Opens an inode by one of its ways, in several parts where the path is too long for one call.</summary>
    [SkipLocalsInit]
    private int FollowWay(in InodePin pin, int nth)
    {
        byte* room = stackalloc byte[PathRoom];
        InodePin reached = default;
        int descriptor = -Errno.ESTALE;
        for (int part = 0; part < MostParts; part++)
        {
            int result = Climb(pin.Index, nth, room, out byte* path, out InodePin start, out InodePin goal);
            using (start)
            {
                int directory = result < 0 ? result : Descriptor(start);
                descriptor = directory < 0 ? directory : OpenPath(directory, path, goal.Slot);
            }

            reached.Dispose();
            reached = goal;
            if (descriptor < 0 || goal.Index == pin.Index)
            {
                break;
            }

            // In use, so it stays open until the next part has started from it.
            _ = Adopt(goal, descriptor);
            descriptor = -Errno.ESTALE;
        }

        reached.Dispose();
        return descriptor;
    }

    /// <summary>
    /// Finds the nearest directory on an inode's way that can be had at once, and the path from there to the inode, or as far
    /// towards it as the room is enough for.
    /// </summary>
    private int Climb(int index, int nth, byte* room, out byte* path, out InodePin start, out InodePin goal)
    {
        start = goal = default;
        byte* end = room + PathRoom - 1;
        *end = 0;
        path = end;
        lock (_ways)
        {
            int goalIndex = index;
            InodeWay* way = _slots[index]->Ways;
            for (; nth > 0 && way is not null; nth--)
            {
                way = way->Next;
            }

            for (; way is not null; way = _slots[index]->Ways)
            {
                if (path - room <= way->Length)
                {
                    goalIndex = index;
                    path = end;
                }

                if (path != end)
                {
                    *--path = (byte)'/';
                }

                path -= way->Length;
                way->Text.CopyTo(new Span<byte>(path, way->Length));
                index = way->Parent;
                if (CanStart(index, out start))
                {
                    _ = Pin(NodeOf(goalIndex, _slots[goalIndex]), out goal);
                    return goal.Slot is null ? -Errno.ESTALE : 0;
                }
            }
        }

        return -Errno.ESTALE;
    }

    private bool CanStart(int index, out InodePin pin)
    {
        InodeSlot* slot = _slots[index];
        bool hasHandles = _mounts[slot->Mount].HasHandles;
        pin = default;
        if (!hasHandles && Volatile.Read(ref slot->Descriptor) < 0)
        {
            return false;
        }

        if (Pin(NodeOf(index, slot), out pin) == 0 && (hasHandles || Volatile.Read(ref slot->Descriptor) >= 0))
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

        int result = Prove(slot, descriptor);
        if (result < 0)
        {
            FileDescriptor.Close(descriptor);
        }

        return result < 0 ? result : descriptor;
    }

    /// <summary>Zero when a descriptor is certainly of the inode that a slot without one stands for; else ESTALE.</summary>
    private int Prove(InodeSlot* slot, int descriptor)
    {
        if (!IsTheSame(slot, descriptor))
        {
            return -Errno.ESTALE;
        }

        if (!IsAnotherFile(slot, descriptor, null))
        {
            return 0;
        }

        LoseNumber(slot);
        return -Errno.ESTALE;
    }

    /// <summary>Whether an inode can be found again by its way, and be told from a later one with the same number.</summary>
    private static bool HoldByWay(InodeSlot* slot)
    {
        if (slot->Ways is null)
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
