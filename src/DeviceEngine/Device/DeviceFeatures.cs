namespace VirtioFs.DeviceEngine.Device;

/// <summary>Features of the device and of its rings (virtio 1.2 §6, <c>linux/vhost_types.h</c>, vhost-user: Message specification).</summary>
[Flags]
internal enum DeviceFeatures : ulong
{
    None = 0,

    /// <summary><c>VHOST_F_LOG_ALL</c>: what is written into guest memory is logged, too.</summary>
    LogAll = 1UL << 26,

    /// <summary><c>VIRTIO_F_INDIRECT_DESC</c>.</summary>
    IndirectDescriptors = 1UL << 28,

    /// <summary><c>VIRTIO_F_EVENT_IDX</c>.</summary>
    EventIndex = 1UL << 29,

    /// <summary><c>VHOST_USER_F_PROTOCOL_FEATURES</c>: also, rings begin disabled.</summary>
    ProtocolFeatures = 1UL << 30,

    /// <summary><c>VIRTIO_F_VERSION_1</c>.</summary>
    Version1 = 1UL << 32,

    Offered = LogAll | IndirectDescriptors | EventIndex | ProtocolFeatures | Version1,
}
