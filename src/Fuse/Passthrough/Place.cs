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

/// <summary>What is known of a <see cref="PlaceKey"/>.</summary>
internal sealed class Place(PlaceKey key, int number, int mount, bool hasHandles, bool flushesAtClose, bool isMemory, bool keepsBirth)
{
    /// <summary>The identity.</summary>
    internal PlaceKey Key { get; } = key;

    /// <summary>Its index in the table.</summary>
    internal int Number { get; } = number;

    /// <summary>An open descriptor on the mount, for file handles and syncfs(2), or -1.</summary>
    internal int Mount { get; } = mount;

    /// <summary>Whether a file handle can be turned into a descriptor again.</summary>
    internal bool HasHandles { get; } = hasHandles;

    /// <summary>Whether close(2) does work that can fail (NFS, SMB, FUSE), so that FLUSH must do the same.</summary>
    internal bool FlushesAtClose { get; } = flushesAtClose;

    /// <summary>Whether all data is in memory, so that reading never waits for a disk.</summary>
    internal bool IsMemory { get; } = isMemory;

    /// <summary>Whether a file's time of birth stays: not on overlayfs, where a file that is written to for the first time gets a new one.</summary>
    internal bool KeepsBirth { get; } = keepsBirth;
}
