using System.Management.Automation;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.Cmdlets;

/// <summary>Shuts domains of libvirt down, or stops them at once.</summary>
[Cmdlet(VerbsLifecycle.Stop, "VMDomain", DefaultParameterSetName = NameSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(VMDomain))]
public sealed class StopVMDomainCommand : PowerCmdlet
{
    /// <summary>Stops the guest at once, as pulling the plug does, and does not ask beyond -WhatIf and -Confirm.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>How many seconds to wait for the guest to shut down; 0 does not wait.</summary>
    [Parameter]
    [ValidateRange(0, 86400)]
    public int TimeoutSeconds { get; set; } = 60;

    /// <summary>Emits the stopped domains.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override void Process(LibvirtDomain domain)
    {
        if (!domain.IsActive)
        {
            WriteVerbose($"The domain '{domain.Name}' is not running.");
            return;
        }

        string action = $"{(Force ? "Stop at once" : "Shut down")} the domain '{domain.Name}' at {domain.Connection.Uri}";
        if (!Confirms(domain.Name, action, "Stop a virtual machine") || (!Force && !ConfirmsHighImpact(domain.Name, $"{action}?", "Stop a virtual machine")))
        {
            return;
        }

        bool isTransient = !domain.IsPersistent;
        Stop(domain);
        if (PassThru && !isTransient)
        {
            WriteObject(ReadDomain(domain, inactive: true));
        }
    }

    private void Stop(LibvirtDomain domain)
    {
        if (Force)
        {
            Await($"Stopping the guest '{domain.Name}'", domain.Destroy);
            return;
        }

        if (TimeoutSeconds == 0)
        {
            domain.Shutdown();
            return;
        }

        Await($"Shutting the guest '{domain.Name}' down", () => domain.Shutdown(TimeSpan.FromSeconds(TimeoutSeconds)));
    }
}
