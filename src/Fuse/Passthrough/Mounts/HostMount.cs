using VirtioFs.Fuse.Budgets;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Mounts;

/// <summary>
/// A mount of the host's within a share, and what its file system can do. It is released with its last inode, so that the host can unmount what
/// no guest uses.
/// </summary>
/// <remarks>The descriptor on the mount counts against the share's budget until it is released.</remarks>
internal sealed class HostMount
{
    private const int Gone = -1;
    private readonly ShareBudget _budget;
    private int _inodes;

    internal HostMount(
        HostMountKey key, int number, int descriptor, ShareBudget budget, bool hasHandles, bool flushesAtClose, bool isMemory, bool keepsBirth)
    {
        (Key, Number, Descriptor, _budget) = (key, number, descriptor, budget);
        (HasHandles, FlushesAtClose, IsMemory, KeepsBirth) = (hasHandles, flushesAtClose, isMemory, keepsBirth);
        if (descriptor >= 0)
        {
            budget.Take();
        }
    }

    /// <summary>The identity.</summary>
    internal HostMountKey Key { get; }

    /// <summary>Its index in the table.</summary>
    internal int Number { get; }

    /// <summary>An open descriptor on the mount, for file handles and syncfs(2), or -1.</summary>
    internal int Descriptor { get; }

    /// <summary>Whether it was released: its number stays reserved for the same mount.</summary>
    internal bool IsGone => Volatile.Read(ref _inodes) == Gone;

    /// <summary>Whether a file handle can be turned into a descriptor again.</summary>
    internal bool HasHandles { get; }

    /// <summary>Whether close(2) does work that can fail (NFS, SMB, FUSE), so that FLUSH must do the same.</summary>
    internal bool FlushesAtClose { get; }

    /// <summary>Whether all data is in memory, so that reading never waits for a disk.</summary>
    internal bool IsMemory { get; }

    /// <summary>Whether a file's time of birth stays: not on overlayfs, where a file that is written to for the first time gets a new one.</summary>
    internal bool KeepsBirth { get; }

    /// <summary>Counts an inode in. False when the mount is gone.</summary>
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

    /// <summary>Counts an inode out, and releases the mount with the last one.</summary>
    internal void RemoveInode()
    {
        if (Interlocked.Decrement(ref _inodes) == 0)
        {
            CloseIfUnused();
        }
    }

    /// <summary>Releases a mount without inodes, since its first one was not made.</summary>
    internal void CloseIfUnused()
    {
        if (Interlocked.CompareExchange(ref _inodes, Gone, 0) == 0)
        {
            CloseDescriptor();
        }
    }

    /// <summary>Releases a mount that never had an inode, or still has some.</summary>
    internal void Close()
    {
        if (Interlocked.Exchange(ref _inodes, Gone) != Gone)
        {
            CloseDescriptor();
        }
    }

    private void CloseDescriptor()
    {
        if (Descriptor >= 0)
        {
            FileDescriptor.Close(Descriptor);
            _budget.Give();
        }
    }
}
