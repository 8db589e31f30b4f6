using System.Management.Automation;
using VirtioFs.LibvirtXml.Changes;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.Cmdlets;

/// <summary>Starts domains of libvirt.</summary>
[Cmdlet(VerbsLifecycle.Start, "VMDomain", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(VMDomain))]
public sealed class StartVMDomainCommand : PowerCmdlet
{
    /// <summary>Emits the started domains.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override void Process(LibvirtDomain domain)
    {
        if (domain.IsActive)
        {
            WriteVerbose($"The domain '{domain.Name}' is running already.");
        }
        else if (Confirms(domain.Name, $"Start the domain '{domain.Name}' at {domain.Connection.Uri}", "Start a virtual machine"))
        {
            Await($"Starting the domain '{domain.Name}'", () => DomainStart.Start(domain));
        }
        else
        {
            return;
        }

        if (PassThru)
        {
            WriteObject(ReadDomain(domain, inactive: false));
        }
    }
}
