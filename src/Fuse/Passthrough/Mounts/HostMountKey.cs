using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Mounts;

/// <summary>A device as reached through one mount: where an inode number means one file.</summary>
/// <param name="Device">Major and minor number.</param>
/// <param name="MountId">The kernel's number of the mount.</param>
internal readonly record struct HostMountKey(ulong Device, ulong MountId)
{
    internal static HostMountKey Of(in FileStatus status) =>
        new(((ulong)status.DeviceMajor << 32) | status.DeviceMinor, status.MountId);
}
