using System.Management.Automation;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Makes what a guest needs to mount a share: command, fstab line, systemd unit, cloud-init and Ignition.</summary>
[Cmdlet(VerbsCommon.New, "VirtioFsMount")]
[OutputType(typeof(VirtioFsMount))]
public sealed class NewVirtioFsMountCommand : HostCmdlet
{
    /// <summary>The share's tag.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ShareTagCompleter))]
    [ValidateNotNull]
    public string Tag { get; set; } = string.Empty;

    /// <summary>The path in the guest; /mnt/ and the tag when left out.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string? MountPoint { get; set; }

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
