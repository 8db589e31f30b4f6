namespace VirtioFs.Cmdlets;

/// <summary>A domain that only exists as an object in the pipeline.</summary>
internal sealed class ObjectTarget(VMDomain domain) : DomainTarget(domain.Definition.Edit())
{
    public override string Description => $"domain object '{domain.Name}'";

    public override void Commit() => domain.Replace(Definition);

    public override VMDomain ToObject() => domain;
}
