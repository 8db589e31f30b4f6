using VirtioFs.Fuse.Budgets;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Inodes;

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
/// <remarks>The descriptor on the mount counts against the share's budget from when the place is made until it is let go.</remarks>
internal sealed class Place
{
    private const int Gone = -1;
    private readonly ShareBudget _budget;
    private int _inodes;

    internal Place(
        PlaceKey key, int number, int mount, ShareBudget budget, bool hasHandles, bool flushesAtClose, bool isMemory, bool keepsBirth)
    {
        (Key, Number, Mount, _budget) = (key, number, mount, budget);
        (HasHandles, FlushesAtClose, IsMemory, KeepsBirth) = (hasHandles, flushesAtClose, isMemory, keepsBirth);
        if (mount >= 0)
        {
            budget.Take();
        }
    }

    /// <summary>The identity.</summary>
    internal PlaceKey Key { get; }

    /// <summary>Its index in the table.</summary>
    internal int Number { get; }

    /// <summary>An open descriptor on the mount, for file handles and syncfs(2), or -1.</summary>
    internal int Mount { get; }

    /// <summary>Whether it was let go: its number stays, and is the same place's when that is met again.</summary>
    internal bool IsGone => Volatile.Read(ref _inodes) == Gone;

    /// <summary>Whether a file handle can be turned into a descriptor again.</summary>
    internal bool HasHandles { get; }

    /// <summary>Whether close(2) does work that can fail (NFS, SMB, FUSE), so that FLUSH must do the same.</summary>
    internal bool FlushesAtClose { get; }

    /// <summary>Whether all data is in memory, so that reading never waits for a disk.</summary>
    internal bool IsMemory { get; }

    /// <summary>Whether a file's time of birth stays: not on overlayfs, where a file that is written to for the first time gets a new one.</summary>
    internal bool KeepsBirth { get; }

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
        if (Interlocked.Decrement(ref _inodes) == 0)
        {
            CloseIfUnused();
        }
    }

    /// <summary>Lets go of a place that has no inode, since the first one was not to be.</summary>
    internal void CloseIfUnused()
    {
        if (Interlocked.CompareExchange(ref _inodes, Gone, 0) == 0)
        {
            CloseMount();
        }
    }

    /// <summary>Lets go of a place that never had an inode, or still has.</summary>
    internal void Close()
    {
        if (Interlocked.Exchange(ref _inodes, Gone) != Gone)
        {
            CloseMount();
        }
    }

    private void CloseMount()
    {
        if (Mount >= 0)
        {
            FileDescriptor.Close(Mount);
            _budget.Give();
        }
    }
}
