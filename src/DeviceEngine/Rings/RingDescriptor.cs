using System.Runtime.InteropServices;

namespace VirtioFs.DeviceEngine.Rings;

/// <summary>One entry of a descriptor table (<c>struct vring_desc</c>, <c>linux/virtio_ring.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RingDescriptor(ulong Address, uint Length, ushort Flags, ushort Next)
{
    /// <summary>In <see cref="Flags"/>: <see cref="Next"/> names another one of the chain (<c>VRING_DESC_F_NEXT</c>).</summary>
    internal const ushort HasNext = 1;

    /// <summary>In <see cref="Flags"/>: the device writes there; otherwise it reads (<c>VRING_DESC_F_WRITE</c>).</summary>
    internal const ushort Writable = 2;

    /// <summary>In <see cref="Flags"/>: a table of descriptors lies there (<c>VRING_DESC_F_INDIRECT</c>).</summary>
    internal const ushort Indirect = 4;
}
