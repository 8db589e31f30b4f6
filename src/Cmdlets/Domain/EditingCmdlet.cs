using System.Management.Automation;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Changes;

namespace VirtioFs.Cmdlets;

/// <summary>
/// A cmdlet that changes domains: those that libvirt knows by name, files in place, or objects in the pipeline. Each is changed wholly or
/// not at all.
/// </summary>
public abstract class EditingCmdlet : SelectingCmdlet
{
    /// <summary>Emits the changed domain. A domain that came as an object is always emitted.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Changes one domain after asking, and emits it.</summary>
    /// <param name="target">The domain.</param>
    /// <param name="what">What is done, such as "Set the memory backing of".</param>
    /// <param name="change">The change, made on the target's own copy.</param>
    private protected void Edit(DomainTarget target, string what, Func<Domain, ChangeResult> change) => Try(target.Definition.Name, () =>
    {
        ChangeResult result = target.Apply(change);
        WriteWarnings(result.Warnings);
        if (result.Changes.Count == 0)
        {
            WriteVerbose($"The {target.Description} is so already; nothing was changed.");
            Emit(target);
            return;
        }

        if (!Confirms(target, what, result.Changes))
        {
            return;
        }

        if (target.IsRunning)
        {
            WriteWarning($"The {target.Description} is running. The change holds from its next start.");
        }

        WriteWarnings(Await($"Changing the {target.Description}", () => target.Commit(Cancellation)));
        SayWhatIsLeft(target);
        Emit(target);
    });

    /// <summary>Asks whether to go on, with each setting before and after.</summary>
    private protected bool Confirms(DomainTarget target, string what, IEnumerable<Change> changes)
    {
        return Confirms(target.Definition.Name, $"{what} {target.Description}: {string.Join("; ", changes)}", "Change a virtual machine");
    }

    /// <summary>Whether a running guest can be changed; where libvirt's driver has no devices, the definition is changed and that is said.</summary>
    private protected bool CanPlug(LibvirtTarget target)
    {
        if (new LiveFileSystems(target.Domain).CanPlug)
        {
            return true;
        }

        WriteWarning($"The driver of {target.Domain.Connection.Uri} has no devices to plug, so only the definition of '{target.Domain.Name}' is changed.");
        return false;
    }

    // Hyper-V's cmdlets act at once also on what is piped. Here an object is changed first and given back afterwards, and that is said
    // where nothing follows.
    private void SayWhatIsLeft(DomainTarget target)
    {
        bool isLast = MyInvocation.PipelinePosition == MyInvocation.PipelineLength;
        if (target is not ObjectTarget || !isLast || (target.Connection ?? target.Path) is not string place)
        {
            return;
        }

        WriteWarning(
            $"The object of the domain '{target.Definition.Name}' is changed, and {place} is not. Pipe the object to {(target.Connection is null ? "Export-VMDomain" : "Set-VMDomain")}, or " +
            $"name the domain itself ({(target.Connection is null ? "-Path" : "-Name")}) to change it at once.");
    }

    private protected void Emit(DomainTarget target)
    {
        if (PassThru || target is ObjectTarget)
        {
            WriteObject(target.ToObject());
        }
    }
}
