namespace VirtioFs.DeviceEngine.Rings;

/// <summary>What the driver has agreed on that changes how a ring is read and written.</summary>
/// <param name="EventIndex">Both sides ask for notifications by index (<c>VIRTIO_F_EVENT_IDX</c>).</param>
/// <param name="IndirectDescriptors">A descriptor may name a table of descriptors (<c>VIRTIO_F_INDIRECT_DESC</c>).</param>
internal readonly record struct RingFeatures(bool EventIndex, bool IndirectDescriptors);
