using System.Runtime.InteropServices;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.OpenFiles;

/// <summary>One file or directory that the guest holds open.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenFile
{
    /// <summary>Stands for "nobody knows" in <see cref="HostOffset"/>.</summary>
    internal const ulong UnknownOffset = ulong.MaxValue;

    /// <summary>See <c>SlotLifetime</c>.</summary>
    public long Lifetime;

    /// <summary>The node that it was opened as: a handle says nothing of any other.</summary>
    public ulong Node;

    /// <summary>Where a directory's description is, by the offset of what comes next; the lock of its stream guards it.</summary>
    public ulong HostOffset;

    /// <summary>The open descriptor.</summary>
    public int Descriptor;

    /// <summary>Number of the <see cref="HostMount"/>.</summary>
    public int Mount;

    /// <summary>The process in the guest that took a lock of flock(2) on it last; only for who looks on.</summary>
    public uint FlockProcessId;

    /// <summary>Which lock of flock(2) it holds: 0 for none, else <see cref="FileLocks.Read"/> or <see cref="FileLocks.Write"/> and one; only for who looks on.</summary>
    public byte Flock;

    /// <summary>Whether it is a directory.</summary>
    public bool IsDirectory;
}
