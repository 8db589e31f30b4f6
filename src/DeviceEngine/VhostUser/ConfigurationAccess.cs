using System.Runtime.InteropServices;

namespace VirtioFs.DeviceEngine.VhostUser;

/// <summary>A part of the configuration space, whose bytes follow (vhost-user: Virtio device config space).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ConfigurationAccess(uint Offset, uint Size, uint Flags)
{
    /// <summary>In <see cref="Flags"/>: the front end restores a configuration after a migration, and may set fields that guests only read.</summary>
    internal const uint Migration = 1;
}
