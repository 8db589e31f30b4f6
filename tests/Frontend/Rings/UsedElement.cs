using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Rings;

/// <summary><c>struct vring_used_elem</c> of <c>linux/virtio_ring.h</c> (8 bytes).</summary>
[StructLayout(LayoutKind.Sequential)]
public record struct UsedElement(uint Head, uint Length);
