using System.Management.Automation;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Vmm;

namespace VirtioFs.Cmdlets;

/// <summary>Makes Cloud Hypervisor's arguments for a domain's memory and virtio-fs devices, or for a share.</summary>
[Cmdlet(VerbsData.ConvertTo, "CloudHypervisorArgument", DefaultParameterSetName = NameSet)]
[OutputType(typeof(string))]
public sealed class ConvertToCloudHypervisorArgumentCommand : VmmArgumentCmdlet
{
    /// <summary>The request queues of each device, at most the number of boot vCPUs.</summary>
    [Parameter]
    [Alias("Queues")]
    public int RequestQueues { get; set; } = 1;

    /// <summary>The PCI segment of the devices.</summary>
    [Parameter]
    public int PciSegment { get; set; }

    private CloudHypervisorOptions Options => new()
    {
        Queues = RequestQueues,
        PciSegment = IsGiven(nameof(PciSegment)) ? PciSegment : null,
        Sockets = ReadSockets(),
    };

    private protected override VmmArguments Convert(Domain domain) => CloudHypervisorArguments.From(domain, Options);

    private protected override VmmArguments Convert(LibvirtXml.FileSystems.FileSystem device, int index)
    {
        CloudHypervisorFileSystem described = CloudHypervisorArguments.FromFileSystem(device, Options);
        return new VmmArguments(["--fs", CloudHypervisorArguments.Describe(described)], []);
    }
}
