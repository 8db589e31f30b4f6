using VirtioFs.Linux;

namespace VirtioFs.Fuse;

/// <summary>A device as reached through one mount: where an inode number means one file.</summary>
/// <param name="Device">Major and minor number.</param>
/// <param name="MountId">The kernel's number of the mount.</param>
internal readonly record struct PlaceKey(ulong Device, ulong MountId)
{
    internal static PlaceKey Of(in FileStatus status) =>
        new(((ulong)status.DeviceMajor << 32) | status.DeviceMinor, status.MountId);
}

/// <summary>
/// What is known of a <see cref="PlaceKey"/>. It is let go with its last inode, so that the host can unmount what no guest looks at.
/// </summary>
internal sealed class Place(PlaceKey key, int number, int mount, bool hasHandles, bool flushesAtClose, bool isMemory, bool keepsBirth)
{
    private const int Gone = -1;
    private int _inodes;

    /// <summary>The identity.</summary>
    internal PlaceKey Key { get; } = key;

    /// <summary>Its index in the table.</summary>
    internal int Number { get; } = number;

    /// <summary>An open descriptor on the mount, for file handles and syncfs(2), or -1.</summary>
    internal int Mount { get; } = mount;

    /// <summary>Whether it was let go: its number stays, and the key may be another place's.</summary>
    internal bool IsGone => Volatile.Read(ref _inodes) == Gone;

    /// <summary>Whether a file handle can be turned into a descriptor again.</summary>
    internal bool HasHandles { get; } = hasHandles;

    /// <summary>Whether close(2) does work that can fail (NFS, SMB, FUSE), so that FLUSH must do the same.</summary>
    internal bool FlushesAtClose { get; } = flushesAtClose;

    /// <summary>Whether all data is in memory, so that reading never waits for a disk.</summary>
    internal bool IsMemory { get; } = isMemory;

    /// <summary>Whether a file's time of birth stays: not on overlayfs, where a file that is written to for the first time gets a new one.</summary>
    internal bool KeepsBirth { get; } = keepsBirth;

    /// <summary>Counts an inode in. False when the place is gone.</summary>
    internal bool TryAddInode()
    {
        for (int count = Volatile.Read(ref _inodes); count != Gone; count = Volatile.Read(ref _inodes))
        {
            if (Interlocked.CompareExchange(ref _inodes, count + 1, count) == count)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Counts an inode out, and lets the place go with the last one.</summary>
    internal void RemoveInode()
    {
        if (Interlocked.Decrement(ref _inodes) == 0 && Interlocked.CompareExchange(ref _inodes, Gone, 0) == 0)
        {
            FileDescriptor.Close(Mount);
        }
    }

    /// <summary>Lets go of a place that never had an inode, or still has.</summary>
    internal void Close()
    {
        if (Interlocked.Exchange(ref _inodes, Gone) != Gone)
        {
            FileDescriptor.Close(Mount);
        }
    }
}
