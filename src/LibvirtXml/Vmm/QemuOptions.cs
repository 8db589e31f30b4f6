namespace VirtioFs.LibvirtXml.Vmm;

/// <summary>What a domain's XML does not say, and QEMU wants to know.</summary>
public sealed record QemuOptions
{
    /// <summary>The request queues of each device (num-request-queues), 1 or more; null for QEMU's default of 1.</summary>
    public int? RequestQueues { get; init; }

    /// <summary>Whether devices are CCW devices; null to go by the domain's architecture.</summary>
    public bool? Ccw { get; init; }

    /// <summary>The directory of file-backed memory.</summary>
    public string MemoryDirectory { get; init; } = "/dev/shm";

    /// <summary>Where hugetlbfs is mounted.</summary>
    public string HugetlbfsMount { get; init; } = "/dev/hugepages";

    /// <summary>Sockets by tag, for file systems whose XML names a directory: QEMU itself starts no daemon.</summary>
    public IReadOnlyDictionary<string, string> Sockets { get; init; } = new Dictionary<string, string>();
}
