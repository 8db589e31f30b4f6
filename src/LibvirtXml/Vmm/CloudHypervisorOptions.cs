namespace VirtioFs.LibvirtXml.Vmm;

/// <summary>What a domain's XML does not say, and Cloud Hypervisor wants to know.</summary>
public sealed record CloudHypervisorOptions
{
    /// <summary>The request queues of each device, from 1 to the number of boot vCPUs.</summary>
    public int Queues { get; init; } = 1;

    /// <summary>The entries of each queue where the file system does not say: Cloud Hypervisor's default.</summary>
    public int QueueSize { get; init; } = 1024;

    /// <summary>The PCI segment of the devices; null for Cloud Hypervisor's default of 0.</summary>
    public int? PciSegment { get; init; }

    /// <summary>Sockets by tag, for file systems whose XML names a directory: Cloud Hypervisor starts no daemon.</summary>
    public IReadOnlyDictionary<string, string> Sockets { get; init; } = new Dictionary<string, string>();
}
