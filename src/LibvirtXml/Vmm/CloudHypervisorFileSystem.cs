using VirtioFs.LibvirtXml.FileSystems;

namespace VirtioFs.LibvirtXml.Vmm;

/// <summary>A virtio-fs device as Cloud Hypervisor describes it (`FsConfig` of its API).</summary>
public sealed record CloudHypervisorFileSystem
{
    /// <summary>The tag that the guest mounts, at most 36 bytes.</summary>
    public required string Tag { get; init; }

    /// <summary>The socket of the share.</summary>
    public required string Socket { get; init; }

    /// <summary>The request queues, from 1 to the number of boot vCPUs.</summary>
    public int Queues { get; init; } = 1;

    /// <summary>The entries of each queue, a power of two up to 1024.</summary>
    public int QueueSize { get; init; } = 1024;

    /// <summary>The device's name; null to let Cloud Hypervisor choose one.</summary>
    public string? Id { get; init; }

    /// <summary>The PCI segment; null for 0.</summary>
    public int? PciSegment { get; init; }

    /// <summary>Applies Cloud Hypervisor's checks, in its words where it has some.</summary>
    /// <param name="virtualCpus">The boot vCPUs; null when they are not known.</param>
    /// <exception cref="DomainRuleException">Cloud Hypervisor would refuse the device.</exception>
    public void Check(int? virtualCpus)
    {
        FileSystemRules.RequireTag(Tag);
        FileSystemRules.RequireQueueSize(Tag, QueueSize);
        if (Queues < 1)
        {
            throw new DomainRuleException("InvalidRequestQueues", $"The file system '{Tag}' has {Queues} queues, but needs at least 1. Choose 1 or more.");
        }

        if (Queues > virtualCpus)
        {
            throw new DomainRuleException(
                "TooManyQueues",
                $"Number of vCPUs is insufficient for number of queues: '{Tag}' asks for {Queues}, but the machine boots with {virtualCpus}. Choose {virtualCpus} or " +
                "fewer.");
        }

        if (!Socket.StartsWith('/'))
        {
            throw new DomainRuleException("RelativeSocket", $"The socket '{Socket}' of '{Tag}' is not an absolute path. Begin it with '/'.");
        }

        if (PciSegment is < 0 or > 95)
        {
            throw new DomainRuleException("InvalidPciSegment", $"The PCI segment {PciSegment} of '{Tag}' is not there. Choose 0 to 95.");
        }
    }
}
