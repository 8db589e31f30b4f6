using System.Runtime.InteropServices;
using VirtioFs.Fuse.Passthrough.Mounts;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>One inode that the guest knows: 120 bytes, and its names where they are needed to find it again.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct InodeSlot
{
    /// <summary>See <c>SlotLifetime</c>.</summary>
    public long Lifetime;

    /// <summary>References that the guest holds; changed under the shard's lock.</summary>
    public ulong Lookups;

    /// <summary>Inode number.</summary>
    public ulong Inode;

    /// <summary>Time of birth in nanoseconds, 0 where the file system tells none: tells a number's next owner from this one.</summary>
    public long Birth;

    /// <summary>
    /// The change time, in nanoseconds, of the attributes that the guest was told last; 0 when it knows that it must ask anew, since
    /// it has changed the file itself.
    /// </summary>
    public long ToldChange;

    /// <summary>The handle that it was opened under last, or 0: how it is reached while it has no name any more.</summary>
    public ulong LastOpen;

    /// <summary>By what names it was found, the last one first, where it has no handle that can be opened; or null.</summary>
    public LookupName* Names;

    /// <summary>Path reference, or -1. Once set, it stays while the slot is in use by anybody.</summary>
    public int Descriptor;

    /// <summary>The next slot in the same bucket, or 0.</summary>
    public int Next;

    /// <summary>Number of the <see cref="HostMount"/>.</summary>
    public int Mount;

    /// <summary>Slot of the directory that it was last looked up in, or 0.</summary>
    public int Parent;

    /// <summary>Names of other inodes in this directory, for which it is kept; changed under the shard's lock.</summary>
    public int Children;

    /// <summary>Since when <see cref="IsLocked"/> holds, in milliseconds of the system's uptime, the low 32 bits.</summary>
    public uint LockedSince;

    /// <summary>File handle, where there is one.</summary>
    public KeptHandle Handle;

    /// <summary>File type, as in a mode.</summary>
    public ushort Type;

    /// <summary>Whether it was used since the hand of the clock last came by.</summary>
    public bool Touched;

    /// <summary>Whether the handle was got by name after statx, and must be held against it when it is first opened.</summary>
    public bool Unverified;

    /// <summary>
    /// Whether locks were taken on it, or in a directory on a file in it: the guest is told nothing of it that stays good unasked.
    /// </summary>
    public bool IsLocked;

    /// <summary>Whether the guest has taken its last name away, so that nothing but a descriptor keeps it on the host.</summary>
    public bool IsNameless;

    /// <summary>Whether number and time of birth are this file's alone, see <see cref="InodeKey.IsUnmistakable"/>.</summary>
    public bool IsUnmistakable;

    /// <summary>Whether lookups find it: false once its number belongs to another file.</summary>
    public bool Hashed;
}
