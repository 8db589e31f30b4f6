using System.Management.Automation;
using VirtioFs.LibvirtXml.Vmm;

namespace VirtioFs.Cmdlets;

/// <summary>Plugs a share into a running Cloud Hypervisor, over its API socket.</summary>
[Cmdlet(VerbsCommon.Add, "CloudHypervisorFileSystem", DefaultParameterSetName = TagSet, SupportsShouldProcess = true)]
[OutputType(typeof(CloudHypervisorDevice))]
public sealed class AddCloudHypervisorFileSystemCommand : DomainCmdlet
{
    private const string TagSet = "Tag";
    private const string ShareSet = "Share";

    /// <summary>Cloud Hypervisor's API socket, as it was given to --api-socket.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string ApiSocket { get; set; } = string.Empty;

    /// <summary>A share of Start-VirtioFsShare.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ShareSet)]
    [ArgumentCompleter(typeof(ShareObjectCompleter))]
    [ValidateNotNull]
    public VirtioFsShareInfo? Share { get; set; }

    /// <summary>The tag that the guest mounts.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = TagSet)]
    [ValidateNotNull]
    public string? Tag { get; set; }

    /// <summary>The share's socket; it must accept already.</summary>
    [Parameter(Mandatory = true, Position = 2, ParameterSetName = TagSet)]
    [ValidateNotNullOrEmpty]
    public string? Socket { get; set; }

    /// <summary>The request queues, at most the number of boot vCPUs.</summary>
    [Parameter]
    [Alias("Queues")]
    public int RequestQueues { get; set; } = 1;

    /// <summary>The entries of each queue: a power of two up to 1024; as the share offers when left out.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(QueueSizeCompleter))]
    public int QueueSize { get; set; } = LibvirtXml.FileSystems.FileSystem.MaxQueueSize;

    /// <summary>The device's name in Cloud Hypervisor.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Id { get; set; }

    /// <summary>The PCI segment.</summary>
    [Parameter]
    public int PciSegment { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Try(Tag ?? Share?.Tag, () =>
    {
        if (!TryGetFileSystemPath(ApiSocket, out string? api) || !TryGetFileSystemPath(Socket ?? Share!.Socket, out string? socket))
        {
            return;
        }

        CloudHypervisorFileSystem device = new()
        {
            Tag = Tag ?? Share!.Tag,
            Socket = socket,
            Queues = RequestQueues,
            QueueSize = IsGiven(nameof(QueueSize)) || Share is null ? QueueSize : DeviceQueueSize.Of(Share.QueueSize),
            Id = Id,
            PciSegment = IsGiven(nameof(PciSegment)) ? PciSegment : null,
        };
        using CloudHypervisorClient client = new(api);
        string action = $"Add to the Cloud Hypervisor at {api}: --fs {CloudHypervisorArguments.Describe(device)}";
        if (Confirms(device.Tag, action, "Change a virtual machine"))
        {
            WriteObject(Await($"Plugging '{device.Tag}' into the machine at {api}", () => client.AddFileSystemAsync(device, Cancellation).GetAwaiter().GetResult()));
        }
    });
}
