using System.Management.Automation;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Changes;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.Cmdlets;

/// <summary>Gives domains to libvirt: defines them, or changes those that are there.</summary>
[Cmdlet(VerbsCommon.Set, "VMDomain", SupportsShouldProcess = true)]
[OutputType(typeof(VMDomain))]
public sealed class SetVMDomainCommand : DomainCmdlet
{
    /// <summary>The domain as it shall be: an object, or its XML as a text.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [DomainXml]
    [ValidateNotNull]
    public VMDomain? InputObject { get; set; }

    /// <summary>Plugs and unplugs the file systems of the running guest too, so that it has what the definition says.</summary>
    [Parameter]
    public SwitchParameter Live { get; set; }

    /// <summary>Lets libvirt take XML that its schema does not know.</summary>
    [Parameter]
    public SwitchParameter SkipValidation { get; set; }

    /// <summary>Emits the domain as libvirt has it now.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (VMDomain given in Read(InputObject!))
        {
            Try(given.Name, () => Set(given));
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (VMDomain given in ReadRest())
        {
            Try(given.Name, () => Set(given));
        }
    }

    private void Set(VMDomain given)
    {
        RequireDefinition(given);
        LibvirtConnection connection = Connect(given.Connection);
        using DomainChange change = Await($"Reading the domain '{given.Name}' at {connection.Uri}", () => DomainChange.Define(connection, given.Definition, given.Revision));
        if (change.IsEmpty && !Live)
        {
            WriteVerbose($"The domain '{given.Name}' is so already; nothing was changed.");
            Emit(change.Present!);
            return;
        }

        if (!Confirms(given.Name, change.Describe(), "Change a virtual machine"))
        {
            return;
        }

        using DomainChangeReport report = Await($"Changing the domain '{given.Name}'", () => change.Commit(!SkipValidation, Live));
        given.Settle(report.Revision);
        if (report is { IsRunning: true, IsAligned: false })
        {
            WriteWarning($"The domain '{report.Domain.Name}' is running. The change holds from its next start.");
        }

        foreach (Change done in report.Running)
        {
            WriteVerbose($"The running domain '{report.Domain.Name}': {done}");
        }

        Emit(report.Domain);
    }

    private void Emit(LibvirtDomain domain)
    {
        if (PassThru)
        {
            WriteObject(ReadDomain(domain, inactive: true));
        }
    }
}
