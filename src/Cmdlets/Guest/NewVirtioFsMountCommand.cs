using System.Management.Automation;
using VirtioFs.LibvirtXml.Guest;

namespace VirtioFs.Cmdlets;

/// <summary>Makes what a guest needs to mount a share: command, fstab line, systemd unit, cloud-init and Ignition.</summary>
[Cmdlet(VerbsCommon.New, "VirtioFsMount", DefaultParameterSetName = TagSet)]
[OutputType(typeof(VirtioFsMount))]
public sealed class NewVirtioFsMountCommand : HostCmdlet
{
    private const string TagSet = "Tag";
    private const string PipelineSet = "Pipeline";

    /// <summary>The share's tag.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = TagSet)]
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = PipelineSet)]
    [ArgumentCompleter(typeof(ShareTagCompleter))]
    [ValidateNotNull]
    public string Tag
    {
        get;
        set => field = UnlessPiped(value, nameof(Tag));
    } = string.Empty;

    /// <summary>The path in the guest; /mnt/ and the tag when left out.</summary>
    [Parameter(Position = 1, ParameterSetName = TagSet)]
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = PipelineSet)]
    [ValidateNotNullOrEmpty]
    public string? MountPoint
    {
        get;
        set => field = Once(field, value);
    }

    /// <summary>Mounts read-only.</summary>
    [Parameter]
    public SwitchParameter ReadOnly { get; set; }

    /// <summary>More mount options, such as noatime.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Option { get; set; } = [];

    /// <summary>Lets the guest start when the share is missing.</summary>
    [Parameter]
    public SwitchParameter NoFail { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Try(Tag, () =>
    {
        string mountPoint = MountPoint ?? GuestMount.DefaultMountPoint(Tag);
        WriteObject(new VirtioFsMount(new GuestMount(Tag, mountPoint, ReadOnly, Option, NoFail)));
    });
}
