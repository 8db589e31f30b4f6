using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Changes;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.Cmdlets;

/// <summary>A domain that libvirt knows; its definition is changed, which holds from the next start.</summary>
internal sealed class LibvirtTarget(LibvirtDomain domain) : DomainTarget(domain.GetDefinition(inactive: domain.IsPersistent, secure: !domain.Connection.IsReadOnly))
{
    private DomainChange? _change;

    public LibvirtDomain Domain { get; } = domain;

    public override Domain Definition => _change?.Definition ?? base.Definition;

    public override string Description => $"domain '{Domain.Name}' at {Domain.Connection.Uri}";

    public override bool IsRunning => Domain.IsActive;

    public override string? Connection => Domain.Connection.Uri;

    public override Domain? GetRunning() => Domain.IsActive ? Domain.GetDefinition() : null;

    public override DomainTarget Again(Func<DomainIdentity, LibvirtDomain> find, Func<string, DomainFile> load) =>
        new LibvirtTarget(find(new DomainIdentity(Domain.Name, Domain.Uuid, Domain.Connection.Uri)));

    public override ChangeResult Apply(Func<Domain, ChangeResult> change)
    {
        _change ??= DomainChange.Edit(Domain);
        return _change.Apply(change);
    }

    public override IReadOnlyList<Advice> Commit(CancellationToken cancellation)
    {
        _change?.Commit().Dispose();
        return [];
    }

    public override void TakeBack() => _change?.TakeBack();

    public override VMDomain ToObject() => VMDomainReader.Read(Domain, inactive: true);
}
