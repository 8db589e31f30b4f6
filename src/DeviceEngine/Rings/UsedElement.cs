using System.Runtime.InteropServices;

namespace VirtioFs.DeviceEngine.Rings;

/// <summary>A chain given back (<c>struct vring_used_elem</c>, <c>linux/virtio_ring.h</c>).</summary>
/// <param name="Head">The first descriptor's index.</param>
/// <param name="Written">Bytes that the device wrote.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct UsedElement(uint Head, uint Written);
