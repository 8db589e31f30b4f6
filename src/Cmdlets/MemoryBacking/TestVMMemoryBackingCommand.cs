using System.Management.Automation;

namespace VirtioFs.Cmdlets;

/// <summary>Tells whether domains' memory can be shared with virtio-fs, by libvirt's own rule, and what to change.</summary>
[Cmdlet(VerbsDiagnostic.Test, "VMMemoryBacking", DefaultParameterSetName = NameSet)]
[OutputType(typeof(VMMemoryTest), typeof(bool))]
public sealed class TestVMMemoryBackingCommand : SelectingCmdlet
{
    /// <summary>Emits true or false alone.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    private protected override void Process(DomainTarget target) => Try(target.Definition.Name, () =>
    {
        VMMemoryTest test = new(target, Latest(target));
        WriteObject(Quiet ? test.IsShared : test);
    });

    /// <summary>An object that nobody has changed stands for the domain in libvirt, whose guest may run with other memory than is stored.</summary>
    private DomainTarget Latest(DomainTarget target) => target is ObjectTarget { Connection: not null } given && !given.Definition.IsChanged
        ? TargetOf(FindDomain(given.ToObject()))
        : target;
}
