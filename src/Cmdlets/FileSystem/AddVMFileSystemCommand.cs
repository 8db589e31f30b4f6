using System.Management.Automation;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Changes;

namespace VirtioFs.Cmdlets;

/// <summary>Adds virtio-fs devices to domains, and plugs them into running guests when asked.</summary>
[Cmdlet(VerbsCommon.Add, "VMFileSystem", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(VMDomain))]
public sealed class AddVMFileSystemCommand : FileSystemSettingCmdlet
{
    /// <summary>The tag that the guest mounts, at most 36 bytes; the share's own when a share is given.</summary>
    [Parameter(Position = 1, ParameterSetName = NameSet)]
    [Parameter(Position = 0, ParameterSetName = PathSet)]
    [Parameter(Position = 0, ParameterSetName = LiteralPathSet)]
    [Parameter(Position = 0, ParameterSetName = InputObjectSet)]
    [ValidateNotNull]
    public string? Tag
    {
        get;
        set => field = Once(field, value);
    }

    /// <summary>A share of Start-VirtioFsShare: its tag and its socket are used.</summary>
    [Parameter(ValueFromPipeline = true, ParameterSetName = NameSet)]
    [Parameter(ValueFromPipeline = true, ParameterSetName = PathSet)]
    [Parameter(ValueFromPipeline = true, ParameterSetName = LiteralPathSet)]
    [Parameter(ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    [ArgumentCompleter(typeof(ShareObjectCompleter))]
    [ValidateNotNull]
    public VirtioFsShareInfo? Share { get; set; }

    /// <summary>Adds a free pcie-root-port to the definition too, for the next device that is plugged in with -Live.</summary>
    [Parameter]
    public SwitchParameter AddPciePort { get; set; }

    /// <summary>Plugs the device into the running guest too, after checking memory, tag and socket.</summary>
    [Parameter(ParameterSetName = NameSet)]
    public SwitchParameter Live { get; set; }

    /// <summary>Without another source on the command line, what comes down the pipeline can only be a share.</summary>
    private protected override bool MayName => Source is null && Socket is null && Share is null;

    private protected override void Process(DomainTarget target)
    {
        LibvirtXml.FileSystems.FileSystem? device = null;
        if (!Try(target.Definition.Name, () => device = Make()))
        {
            return;
        }

        WarnOfMaps(target);
        if (Live && target is LibvirtTarget running && CanPlug(running))
        {
            Plug(running, device!);
        }
        else
        {
            Edit(target, "Add a file system to", domain => Add(domain, device!));
        }
    }

    private ChangeResult Add(Domain domain, LibvirtXml.FileSystems.FileSystem device)
    {
        ChangeResult added = domain.AddFileSystem(device);
        return AddPciePort ? added with { Changes = [.. added.Changes, .. domain.AddPciePort().Changes] } : added;
    }

    private LibvirtXml.FileSystems.FileSystem Make()
    {
        if (Live && AddPciePort)
        {
            throw new DomainRuleException("PortNotPluggable", "A pcie-root-port cannot be plugged into a running guest. Leave -Live or -AddPciePort out.");
        }

        if (Share is not null && (Source ?? Socket) is string other)
        {
            throw new DomainRuleException("TwoSources", $"The share '{Share.Tag}' and '{other}' are given, but a device has one source. Leave one of the two out.");
        }

        return Apply(new LibvirtXml.FileSystems.FileSystem
        {
            Tag = Tag ?? Share?.Tag,
            SourceSocket = Share?.Socket,
            QueueSize = Share is null ? null : DeviceQueueSize.Of(Share.QueueSize),
        });
    }

    private void Plug(LibvirtTarget target, LibvirtXml.FileSystems.FileSystem device) => Try(target.Domain.Name, () =>
    {
        LiveFileSystems guest = new(target.Domain);
        Await($"Looking at the guest '{target.Domain.Name}'", () => guest.RequirePluggable(device));
        ChangeResult result = target.Definition.AddFileSystem(device);
        WriteWarnings(result.Warnings);
        string what = target.Domain.IsPersistent ? "Plug into the running guest, and add to the definition, of" : "Plug into the running";
        if (Confirms(target, what, result.Changes))
        {
            Await($"Plugging '{device.Tag}' into the guest '{target.Domain.Name}'", () => guest.Plug(device));
            Emit(target);
        }
    });
}
