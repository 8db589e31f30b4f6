namespace VirtioFs.DeviceEngine.VhostUser;

/// <summary>Extensions of the protocol (vhost-user: Protocol features).</summary>
[Flags]
internal enum ProtocolFeatures : ulong
{
    None = 0,
    MultipleQueues = 1UL << 0,
    LogSharedMemory = 1UL << 1,
    ReplyAcknowledge = 1UL << 3,
    BackEndChannel = 1UL << 5,
    Configuration = 1UL << 9,
    ResetDevice = 1UL << 13,
    ConfigureMemorySlots = 1UL << 15,
    Status = 1UL << 16,

    /// <summary>What every device offers; <see cref="Configuration"/> comes with a tag to tell.</summary>
    Offered = MultipleQueues | LogSharedMemory | ReplyAcknowledge | BackEndChannel | ResetDevice
        | ConfigureMemorySlots | Status,
}
