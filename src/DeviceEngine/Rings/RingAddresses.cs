using System.Runtime.InteropServices;

namespace VirtioFs.DeviceEngine.Rings;

/// <summary>Where a ring lies, in the front end's own addresses (<c>struct vhost_vring_addr</c>, <c>linux/vhost_types.h</c>).</summary>
/// <param name="Index">Which ring.</param>
/// <param name="Flags"><see cref="LogUsedRing"/> or nothing.</param>
/// <param name="Descriptors">The descriptor table.</param>
/// <param name="Used">The used ring.</param>
/// <param name="Available">The available ring.</param>
/// <param name="Log">The guest address that the first byte of the used ring is logged at.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RingAddresses(uint Index, uint Flags, ulong Descriptors, ulong Used, ulong Available, ulong Log)
{
    /// <summary>Writes to the used ring are to be logged (<c>VHOST_VRING_F_LOG</c>).</summary>
    internal const uint LogUsedRing = 1;
}
