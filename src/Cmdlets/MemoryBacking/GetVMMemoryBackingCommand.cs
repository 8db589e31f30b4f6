using System.Management.Automation;

namespace VirtioFs.Cmdlets;

/// <summary>Gets how domains' memory is backed.</summary>
[Cmdlet(VerbsCommon.Get, "VMMemoryBacking", DefaultParameterSetName = NameSet)]
[OutputType(typeof(VMMemoryBacking))]
public sealed class GetVMMemoryBackingCommand : SelectingCmdlet
{
    private protected override void Process(DomainTarget target) =>
        Try(target.Definition.Name, () => WriteObject(new VMMemoryBacking(target)));
}
