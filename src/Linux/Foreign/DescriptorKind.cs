namespace VirtioFs.Linux;

/// <summary>What a descriptor of somebody else's making is, as far as it matters for what may be done with it.</summary>
public enum DescriptorKind
{
    /// <summary>Anything else: any operation on it, closing too, may wait for somebody (a FUSE server, a lingering connection).</summary>
    Other,

    /// <summary>A counter of <c>eventfd(2)</c>.</summary>
    EventCounter,

    /// <summary>One end of a pipe.</summary>
    Pipe,

    /// <summary>A socket of this machine (<c>AF_UNIX</c>).</summary>
    UnixSocket,

    /// <summary>A file in memory: of <c>memfd_create(2)</c>, on tmpfs or on hugetlbfs.</summary>
    MemoryFile,

    /// <summary>A regular file on a block device.</summary>
    DiskFile,
}
