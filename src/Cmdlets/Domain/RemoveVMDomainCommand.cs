using System.Management.Automation;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Removes definitions from libvirt; disks stay.</summary>
[Cmdlet(VerbsCommon.Remove, "VMDomain", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
public sealed class RemoveVMDomainCommand : PowerCmdlet
{
    /// <summary>Removes a saved state, the firmware's variables and what libvirt knows of snapshots and checkpoints too.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    private protected override void Process(LibvirtDomain domain)
    {
        string action = $"Remove the definition of the domain '{domain.Name}' from {domain.Connection.Uri}; its disks stay";
        if (ShouldProcess($"{action}.", $"{action}?", "Remove a virtual machine"))
        {
            domain.Undefine(Force
                ? UndefineOptions.ManagedSave | UndefineOptions.Nvram | UndefineOptions.SnapshotsMetadata | UndefineOptions.CheckpointsMetadata
                : UndefineOptions.None);
        }
    }
}
