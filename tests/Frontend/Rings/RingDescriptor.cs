using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Rings;

/// <summary><c>struct vring_desc</c> of <c>linux/virtio_ring.h</c> (16 bytes).</summary>
[StructLayout(LayoutKind.Sequential)]
public record struct RingDescriptor(ulong GuestAddress, uint Length, DescriptorFlags Flags, ushort Next);
