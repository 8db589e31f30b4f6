namespace VirtioFs.Frontend.Rings;

/// <summary><c>VRING_DESC_F_*</c> of <c>linux/virtio_ring.h</c>.</summary>
[Flags]
public enum DescriptorFlags : ushort
{
    None = 0,
    Next = 1,
    Write = 2,
    Indirect = 4,
}
