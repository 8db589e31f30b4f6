using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.Cmdlets;

/// <summary>A domain that only exists as an object in the pipeline.</summary>
internal sealed class ObjectTarget(VMDomain domain) : DomainTarget(domain.Definition.Edit())
{
    public override string Description => $"domain object '{domain.Name}'";

    public override string? Connection => domain.Connection;

    public override string? Path => domain.Path;

    public override DomainTarget Again(Func<DomainIdentity, LibvirtDomain> find, Func<string, DomainFile> load) => new ObjectTarget(domain);

    public override IReadOnlyList<Advice> Commit(CancellationToken cancellation)
    {
        domain.Replace(Definition);
        return [];
    }

    public override void TakeBack() => domain.Replace(Before.Edit());

    public override VMDomain ToObject() => domain;
}
