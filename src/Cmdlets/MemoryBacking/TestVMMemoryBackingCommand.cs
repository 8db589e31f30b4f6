using System.Management.Automation;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Tells whether domains' memory can be shared with virtio-fs, by libvirt's own rule, and what to change.</summary>
[Cmdlet(VerbsDiagnostic.Test, "VMMemoryBacking", DefaultParameterSetName = NameSet)]
[OutputType(typeof(VMMemoryTest), typeof(bool))]
public sealed class TestVMMemoryBackingCommand : SelectingCmdlet
{
    /// <summary>Emits true or false alone.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (DomainTarget target in Targets())
        {
            SharedMemoryResult result = target.Definition.MemoryBacking.TestShared();
            WriteObject(Quiet ? result.IsShared : new VMMemoryTest(target.Definition.Name, result.IsShared, result.Message, result.FailingCells));
        }
    }
}
