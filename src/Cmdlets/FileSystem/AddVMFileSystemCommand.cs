using System.Management.Automation;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Adds virtio-fs devices to domains, and plugs them into running guests when asked.</summary>
[Cmdlet(VerbsCommon.Add, "VMFileSystem", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(VMDomain))]
public sealed class AddVMFileSystemCommand : FileSystemSettingCmdlet
{
    /// <summary>The tag that the guest mounts, at most 36 bytes; the share's own when a share is given.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNull]
    public string? Tag { get; set; }

    /// <summary>A share of Start-VirtioFsShare: its tag and its socket are used.</summary>
    [Parameter(ValueFromPipeline = true, ParameterSetName = NameSet)]
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = InputObjectSet)]
    [ValidateNotNull]
    public VirtioFsShareInfo? Share { get; set; }

    /// <summary>Plugs the device into the running guest too, after checking memory, tag and socket.</summary>
    [Parameter(ParameterSetName = NameSet)]
    public SwitchParameter Live { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (DomainTarget target in Targets())
        {
            LibvirtXml.FileSystem? device = null;
            if (!Try(target.Definition.Name, () => device = Make()))
            {
                continue;
            }

            if (Live && target is LibvirtTarget running && CanPlug(running))
            {
                Plug(running, device!);
            }
            else
            {
                Edit(target, "Add a file system to", domain => domain.AddFileSystem(device!));
            }
        }
    }

    private LibvirtXml.FileSystem Make() => Apply(new LibvirtXml.FileSystem
    {
        Tag = Tag ?? Share?.Tag,
        SourceSocket = Share?.Socket,
        QueueSize = Share is null ? null : DeviceQueueSize.Of(Share.QueueSize),
    });

    private void Plug(LibvirtTarget target, LibvirtXml.FileSystem device) => Try(target.Domain.Name, () =>
    {
        LiveFileSystems.RequirePluggable(target.Domain, device);
        ChangeResult result = target.Definition.AddFileSystem(device);
        WriteWarnings(result.Warnings);
        DeviceScope scope = LiveFileSystems.ScopeOf(target.Domain);
        string what = scope == DeviceScope.Live ? "Plug into the running" : "Plug into the running guest, and add to the definition, of";
        if (Confirms(target, what, result.Changes))
        {
            target.Domain.AttachDevice(device.ToXml(), scope);
            Emit(target);
        }
    });
}
