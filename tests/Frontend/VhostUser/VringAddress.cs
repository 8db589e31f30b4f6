using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.VhostUser;

/// <summary>Where a ring's parts lie, as front-end addresses (specification, "A vring address description"; 40 bytes).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct VringAddress
{
    /// <summary><c>VHOST_VRING_F_LOG</c>: writes to the used ring are logged at <see cref="Log"/>.</summary>
    public const uint LogUsedRing = 1;

    public uint Index;
    public uint Flags;
    public ulong Descriptors;
    public ulong Used;
    public ulong Available;
    public ulong Log;
}
