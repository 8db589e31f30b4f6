namespace VirtioFs.Frontend.VhostUser;

/// <summary>Protocol features of the vhost-user specification (<c>VHOST_USER_PROTOCOL_F_*</c>).</summary>
[Flags]
public enum ProtocolFeatures : ulong
{
    None = 0,
    MultipleQueues = 1 << 0,
    LogSharedMemory = 1 << 1,
    ReplyAck = 1 << 3,
    BackendRequests = 1 << 5,
    Config = 1 << 9,
    BackendSendFd = 1 << 10,
    InflightSharedMemory = 1 << 12,
    ResetDevice = 1 << 13,
    InbandNotifications = 1 << 14,
    ConfigureMemorySlots = 1 << 15,
    Status = 1 << 16,
    SharedObject = 1 << 18,
    DeviceState = 1 << 19,

    /// <summary>What QEMU 9's vhost-user-fs device uses.</summary>
    Qemu = MultipleQueues | LogSharedMemory | ReplyAck | BackendRequests | BackendSendFd | ResetDevice | ConfigureMemorySlots | Status | DeviceState,

    /// <summary>What Cloud Hypervisor's virtio-fs device uses.</summary>
    CloudHypervisor = MultipleQueues | ReplyAck | BackendRequests | InflightSharedMemory | LogSharedMemory | DeviceState | ConfigureMemorySlots,

    /// <summary>What Linux' <c>arch/um/drivers/virtio_uml.c</c> uses.</summary>
    UserModeLinux = ReplyAck | BackendRequests | Config,
}
