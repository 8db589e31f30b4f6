using System.Management.Automation;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Vmm;

namespace VirtioFs.Cmdlets;

/// <summary>Makes QEMU's arguments for a domain's memory and virtio-fs devices, or for a share.</summary>
[Cmdlet(VerbsData.ConvertTo, "QemuArgument", DefaultParameterSetName = NameSet)]
[OutputType(typeof(string))]
public sealed class ConvertToQemuArgumentCommand : VmmArgumentCmdlet
{
    /// <summary>The request queues of each device.</summary>
    [Parameter]
    [Alias("Queues")]
    public int RequestQueues { get; set; }

    /// <summary>Makes CCW devices, as s390x guests have; PCI devices with -Ccw:$false.</summary>
    [Parameter]
    public SwitchParameter Ccw { get; set; }

    /// <summary>The device number of a share's CCW device, such as fe.0.0001.</summary>
    [Parameter(ParameterSetName = ShareSet)]
    public DeviceNumber? DeviceNumber { get; set; }

    /// <summary>The directory of file-backed memory.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string MemoryDirectory { get; set; } = "/dev/shm";

    /// <summary>Where hugetlbfs is mounted.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string HugetlbfsMount { get; set; } = "/dev/hugepages";

    private QemuOptions Options => new()
    {
        RequestQueues = IsGiven(nameof(RequestQueues)) ? RequestQueues : null,
        Ccw = Tristate(Ccw, nameof(Ccw)),
        MemoryDirectory = MemoryDirectory,
        HugetlbfsMount = HugetlbfsMount,
        Sockets = ReadSockets(),
    };

    private protected override VmmArguments Convert(Domain domain) => QemuArguments.From(domain, Options);

    private protected override VmmArguments Convert(LibvirtXml.FileSystems.FileSystem device, int index) => QemuArguments.From(
        DeviceNumber is null ? device : device with { Address = new CcwAddress(DeviceNumber) },
        Options,
        index);
}
