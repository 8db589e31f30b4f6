using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.Cmdlets;

/// <summary>A domain in a file, edited in place.</summary>
internal sealed class FileTarget(DomainFile file) : DomainTarget(file.Domain)
{
    public override string Description => $"domain '{Definition.Name}' in {file.Path}";

    public override string? Path => file.Path;

    public override DomainTarget Again(Func<DomainIdentity, LibvirtDomain> find, Func<string, DomainFile> load) => new FileTarget(load(file.Path));

    public override IReadOnlyList<Advice> Commit(CancellationToken cancellation) => file.Save(cancellation);

    public override void TakeBack() => file.Restore();

    public override VMDomain ToObject() => new(Definition, path: file.Path);
}
