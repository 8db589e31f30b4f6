using System.Management.Automation;

namespace VirtioFs.Cmdlets;

/// <summary>Gets how domains' memory is backed.</summary>
[Cmdlet(VerbsCommon.Get, "VMMemoryBacking", DefaultParameterSetName = NameSet)]
[OutputType(typeof(VMMemoryBacking))]
public sealed class GetVMMemoryBackingCommand : SelectingCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (DomainTarget target in Targets())
        {
            Try(target.Definition.Name, () => WriteObject(new VMMemoryBacking(target.ToObject())));
        }
    }
}
