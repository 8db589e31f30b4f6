namespace VirtioFs.Linux;

/// <summary>Capabilities that the engine reasons about, as bits of a set (<c>linux/capability.h</c>).</summary>
[Flags]
public enum Capability : ulong
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Change owners at will.</summary>
    ChangeOwner = 1UL << 0,

    /// <summary>Pass over permission bits.</summary>
    OverridePermission = 1UL << 1,

    /// <summary>Open files by handle (CAP_DAC_READ_SEARCH).</summary>
    ReadSearch = 1UL << 2,

    /// <summary>Act as the owner of any file.</summary>
    FileOwner = 1UL << 3,

    /// <summary>Keep and set SUID and SGID bits where they would be cleared.</summary>
    KeepSetId = 1UL << 4,

    /// <summary>Change group ids.</summary>
    SetGroupId = 1UL << 6,

    /// <summary>Change user ids.</summary>
    SetUserId = 1UL << 7,

    /// <summary>Set and clear the immutable and append-only flags.</summary>
    SetImmutable = 1UL << 9,

    /// <summary>Set trusted and security attributes (CAP_SYS_ADMIN, which allows much else).</summary>
    Administer = 1UL << 21,

    /// <summary>Go past quotas and into reserved space.</summary>
    ExceedResources = 1UL << 24,

    /// <summary>Make device files.</summary>
    MakeNodes = 1UL << 27,

    /// <summary>Give files capabilities.</summary>
    SetFileCapabilities = 1UL << 31,

    /// <summary>Set labels that the host's security module does not know (CAP_MAC_ADMIN).</summary>
    AdministerLabels = 1UL << 33,
}
