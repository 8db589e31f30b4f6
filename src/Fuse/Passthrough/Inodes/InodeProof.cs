using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>What proves that a file is the one that an inode without a descriptor stands for.</summary>
/// <param name="index">Where an inode is removed whose number turns out to be another file's.</param>
/// <param name="mounts">Where the files lie.</param>
internal sealed unsafe class InodeProof(InodeIndex index, HostMountTable mounts)
{
    /// <summary>Zero when a descriptor is certainly of the inode that a slot without one stands for; else ESTALE.</summary>
    internal int Require(InodeSlot* slot, int descriptor)
    {
        if (!IsTheSame(slot, descriptor))
        {
            return -Errno.ESTALE;
        }

        if (!IsAnotherFile(slot, descriptor, null))
        {
            return 0;
        }

        index.RemoveStale(slot);
        return -Errno.ESTALE;
    }

    /// <summary>Whether a descriptor is of an inode, as far as attributes tell.</summary>
    internal bool IsTheSame(InodeSlot* slot, int descriptor) =>
        FileStatus.Of(descriptor, out FileStatus status) == 0
        && mounts.Find(status, -1) is HostMount mount
        && InodeKey.Of(mount, status) == InodeKey.Of(slot);

    /// <summary>Whether a slot without a descriptor of its own stands for another file than the one at hand.</summary>
    internal static bool IsAnotherFile(InodeSlot* slot, int descriptor, InodeHandle* handle)
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
}
