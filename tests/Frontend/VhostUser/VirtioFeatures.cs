namespace VirtioFs.Frontend.VhostUser;

/// <summary>Feature bits of <c>virtio_config.h</c>, <c>virtio_ring.h</c> and <c>vhost_types.h</c>.</summary>
[Flags]
public enum VirtioFeatures : ulong
{
    None = 0,
    NotifyOnEmpty = 1UL << 24,
    LogAll = 1UL << 26,
    AnyLayout = 1UL << 27,
    IndirectDescriptors = 1UL << 28,
    EventIndex = 1UL << 29,
    VhostUserProtocol = 1UL << 30,
    Version1 = 1UL << 32,
    AccessPlatform = 1UL << 33,
    RingPacked = 1UL << 34,
    InOrder = 1UL << 35,
    NotificationData = 1UL << 38,
    RingReset = 1UL << 40,

    /// <summary>What a Linux guest uses with split rings.</summary>
    LinuxGuest = IndirectDescriptors | EventIndex | Version1,
}
