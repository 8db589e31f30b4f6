namespace VirtioFs.LibvirtXml.Connection;

/// <summary>What goes with a domain's definition (`virDomainUndefineFlagsValues`).</summary>
[Flags]
public enum UndefineOptions
{
    /// <summary>Only the definition; libvirt refuses when more hangs on it.</summary>
    None = 0,

    /// <summary>A saved state of the guest too.</summary>
    ManagedSave = 1,

    /// <summary>What libvirt knows of the snapshots too.</summary>
    SnapshotsMetadata = 2,

    /// <summary>The firmware's variables too.</summary>
    Nvram = 4,

    /// <summary>The firmware's variables stay.</summary>
    KeepNvram = 8,

    /// <summary>What libvirt knows of the checkpoints too.</summary>
    CheckpointsMetadata = 16,
}
