using System.Management.Automation;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.Cmdlets;

/// <summary>Removes definitions from libvirt; disks stay.</summary>
[Cmdlet(VerbsCommon.Remove, "VMDomain", DefaultParameterSetName = NameSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(VMDomain))]
public sealed class RemoveVMDomainCommand : PowerCmdlet
{
    /// <summary>Removes a saved state, the firmware's variables and what libvirt knows of snapshots and checkpoints too.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Emits the domain as it was defined, so that it can be defined again.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override void Process(LibvirtDomain domain)
    {
        string action = $"Remove the definition of the domain '{domain.Name}' from {domain.Connection.Uri}; its disks stay";
        if (Confirms(domain.Name, action, "Remove a virtual machine"))
        {
            VMDomain removed = ReadDomain(domain, inactive: true);
            removed.Revision = null;
            UndefineOptions options = Force
                ? UndefineOptions.ManagedSave | UndefineOptions.Nvram | UndefineOptions.SnapshotsMetadata | UndefineOptions.CheckpointsMetadata
                : UndefineOptions.None;
            Await($"Removing the definition of the domain '{domain.Name}'", () => domain.Undefine(options));
            if (PassThru)
            {
                WriteObject(removed);
            }
        }
    }
}
