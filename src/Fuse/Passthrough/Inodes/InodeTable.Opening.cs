using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>
/// Opening inodes. What a file handle leads to may be a file that the host's kernel knows by no name at the moment, since its memory was needed for something
/// else (<c>fs/exportfs/expfs.c</c>). A jail by Landlock goes by the directories above a file, so it refuses one that has none.
/// </summary>
internal sealed unsafe partial class InodeTable
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
        ThreadJail.HasLandlock && pin.Slot->Type != FileStatus.Directory && _mounts[pin.Slot->Mount].HasHandles && !pin.Slot->Handle.IsEmpty;

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

    private int OpenOnce(in InodePin pin, int descriptorDirectory, int flags)
    {
        InodeSlot* slot = pin.Slot;
        if (slot->Type is not ((ushort)FileStatus.Regular or (ushort)FileStatus.Directory))
        {
            return -Errno.EACCES;
        }

        if (Volatile.Read(ref slot->Descriptor) < 0 && !slot->Unverified && _mounts[slot->Mount].HasHandles)
        {
            return OpenByHandle(slot, flags);
        }

        int descriptor = Descriptor(pin);
        if (descriptor < 0)
        {
            return descriptor;
        }

        return OpenAnew(descriptor, descriptorDirectory, flags);
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
