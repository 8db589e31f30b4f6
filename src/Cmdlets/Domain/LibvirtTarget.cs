using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>A domain that libvirt knows; its definition is changed, which holds from the next start.</summary>
internal sealed class LibvirtTarget(LibvirtDomain domain) : DomainTarget(domain.GetDefinition(inactive: domain.IsPersistent, secure: !domain.Connection.IsReadOnly))
{
    public LibvirtDomain Domain { get; } = domain;

    public override string Description => $"domain '{Domain.Name}' at {Domain.Connection.Uri}";

    public override bool IsRunning => Domain.IsActive;

    public override string? Connection => Domain.Connection.Uri;

    public override Domain? GetRunning() => Domain.IsActive ? Domain.GetDefinition() : null;

    public override DomainTarget Again(Func<DomainIdentity, LibvirtDomain> find) =>
        new LibvirtTarget(find(new DomainIdentity(Domain.Name, Domain.Uuid, Domain.Connection.Uri)));

    public override void Commit()
    {
        using LibvirtDomain defined = Domain.Connection.Define(Definition);
    }

    public override void TakeBack()
    {
        using LibvirtDomain defined = Domain.Connection.Define(Before, validate: false);
    }

    public override VMDomain ToObject() => VMDomainReader.Read(Domain, inactive: true);
}
