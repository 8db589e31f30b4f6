using System.Management.Automation;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Shuts domains of libvirt down, or stops them at once.</summary>
[Cmdlet(VerbsLifecycle.Stop, "VMDomain", DefaultParameterSetName = NameSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(VMDomain))]
public sealed class StopVMDomainCommand : PowerCmdlet
{
    private bool _yesToAll;
    private bool _noToAll;

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
        if (!Confirms(domain.Name, action, "Stop a virtual machine") || !MayInterrupt(domain, action))
        {
            return;
        }

        bool isTransient = !domain.IsPersistent;
        Stop(domain);
        if (PassThru && !isTransient)
        {
            WriteObject(VMDomainReader.Read(domain, inactive: true));
        }
    }

    // A guest's work ends here, so it is asked for also where ShouldProcess did not ask: unless the user says -Force or -Confirm:$false.
    private bool MayInterrupt(LibvirtDomain domain, string action)
    {
        bool asks = !Force && !IsGiven("Confirm") && GetVariableValue("ConfirmPreference") is ConfirmImpact.High or "High";
        if (!asks)
        {
            return true;
        }

        try
        {
            return ShouldContinue($"{action}?", "Stop a virtual machine", ref _yesToAll, ref _noToAll);
        }
        catch (Exception exception) when (IsUnanswered(exception))
        {
            WriteUnanswered(domain.Name, action);
            return false;
        }
    }

    private void Stop(LibvirtDomain domain)
    {
        if (Force)
        {
            domain.Destroy();
            return;
        }

        domain.Shutdown();
        DateTime limit = DateTime.UtcNow.AddSeconds(TimeoutSeconds);
        while (TimeoutSeconds > 0 && domain.IsActive)
        {
            if (DateTime.UtcNow > limit)
            {
                throw new DomainRuleException(
                    "GuestDoesNotStop",
                    $"The guest '{domain.Name}' was asked to shut down, but runs after {TimeoutSeconds} seconds. Wait longer with -TimeoutSeconds, or stop it at once with " +
                    "-Force.",
                    ErrorKind.Timeout);
            }

            if (Cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(100)))
            {
                return;
            }
        }
    }
}
