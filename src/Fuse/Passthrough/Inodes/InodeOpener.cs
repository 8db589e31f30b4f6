using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>
/// Opening inodes, and getting the path references again that were closed. What a file handle leads to may be a file that the host's kernel
/// knows by no name at the moment, since its memory was needed for something else (<c>fs/exportfs/expfs.c</c>). A jail by Landlock goes by
/// the directories above a file, so it refuses one that has none.
/// </summary>
/// <param name="inodes">The inodes.</param>
/// <param name="index">Where an inode is removed whose number turns out to be another file's.</param>
/// <param name="walk">How an inode is opened by names.</param>
/// <param name="mounts">Where the files lie.</param>
internal sealed unsafe class InodeOpener(InodeTable inodes, InodeIndex index, LookupPathWalk walk, HostMountTable mounts)
{
    /// <summary>Opens a pinned inode, a regular file or directory, for itself.</summary>
    /// <param name="pin">The inode.</param>
    /// <param name="descriptorDirectory">A reference to <c>/proc/self/fd</c>.</param>
    /// <param name="flags">As for open(2).</param>
    internal int Open(in InodePin pin, int descriptorDirectory, int flags)
    {
        int result = OpenOnce(pin, descriptorDirectory, flags);
        if (result != -Errno.EACCES || !MayBeUnconnected(pin))
        {
            return result;
        }

        int reference = OpenConnected(pin, descriptorDirectory);
        if (reference < 0)
        {
            return reference;
        }

        result = OpenAnew(reference, descriptorDirectory, flags);
        FileDescriptor.Close(reference);
        return result;
    }

    /// <summary>Whether a refusal may have been for want of a name, and not of a right.</summary>
    internal bool MayBeUnconnected(in InodePin pin) =>
        ThreadJail.HasLandlock && pin.Slot->Type != FileStatus.Directory && mounts[pin.Slot->Mount].HasHandles && !pin.Slot->Handle.IsEmpty;

    /// <summary>
    /// Opens a path reference to a file by its handle anew, which has a name if somebody has looked one up in the meantime. ESTALE where
    /// it still has none: a Linux guest then looks the name up and asks again (<c>fs/namei.c</c>, LOOKUP_REVAL).
    /// </summary>
    internal int OpenConnected(in InodePin pin, int descriptorDirectory)
    {
        int reference = OpenByHandle(pin.Slot, OpenFlags.Path);
        if (reference < 0 || !IsUnconnected(reference, descriptorDirectory))
        {
            return reference;
        }

        FileDescriptor.Close(reference);
        return -Errno.ESTALE;
    }

    /// <summary>Gets a path reference again for a pinned inode that has none.</summary>
    internal int Reopen(in InodePin pin)
    {
        InodeSlot* slot = pin.Slot;
        bool hasHandles = mounts[slot->Mount].HasHandles;
        int descriptor = hasHandles ? OpenByHandle(slot, OpenFlags.Path) : walk.Open(pin);
        if (descriptor < 0)
        {
            return descriptor;
        }

        if (slot->Unverified && !inodes.Proof.IsTheSame(slot, descriptor))
        {
            // The name became another file's between the two. The handle is of that one.
            FileDescriptor.Close(descriptor);
            index.RemoveStale(slot);
            return -Errno.ESTALE;
        }

        if (!hasHandles && !inodes.Clock.HasOrMakesRoom())
        {
            // What is found by name cannot always be closed again.
            FileDescriptor.Close(descriptor);
            return -Errno.ENFILE;
        }

        slot->Unverified = false;
        return inodes.Clock.Adopt(pin, descriptor);
    }

    private int OpenOnce(in InodePin pin, int descriptorDirectory, int flags)
    {
        InodeSlot* slot = pin.Slot;
        if (slot->Type is not ((ushort)FileStatus.Regular or (ushort)FileStatus.Directory))
        {
            return -Errno.EACCES;
        }

        if (Volatile.Read(ref slot->Descriptor) < 0 && !slot->Unverified && mounts[slot->Mount].HasHandles)
        {
            return OpenByHandle(slot, flags);
        }

        int descriptor = inodes.Descriptor(pin);
        return descriptor < 0 ? descriptor : OpenAnew(descriptor, descriptorDirectory, flags);
    }

    private int OpenByHandle(InodeSlot* slot, int flags)
    {
        int result = slot->Handle.IsEmpty ? -Errno.ESTALE : InodeHandle.Open(mounts[slot->Mount].Descriptor, slot->Handle.Value, flags);
        if (result == -Errno.ESTALE)
        {
            index.RemoveStale(slot);
        }

        return result;
    }

    private static int OpenAnew(int descriptor, int descriptorDirectory, int flags)
    {
        byte* name = stackalloc byte[DescriptorName.MaximumLength];
        DescriptorName.Write(descriptor, name);
        return Files.Open(descriptorDirectory, name, (flags & ~OpenFlags.NoFollow) | OpenFlags.NoControllingTerminal);
    }

    // The kernel shows such a file as if it were a root (fs/d_path.c); no file but a directory is one.
    private static bool IsUnconnected(int reference, int descriptorDirectory)
    {
        const int Room = 2;
        byte* name = stackalloc byte[DescriptorName.MaximumLength];
        byte* target = stackalloc byte[Room];
        DescriptorName.Write(reference, name);
        return PathCalls.ReadLink(descriptorDirectory, name, target, Room) == 1;
    }
}
