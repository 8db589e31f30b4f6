using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Changes;
using VirtioFs.LibvirtXml.Connection;
using VirtioFs.LibvirtXml.Memory;

namespace VirtioFs.Cmdlets;

/// <summary>
/// A virtual machine's definition as an object. It is edited in memory by the cmdlets that take it as -InputObject; Set-VMDomain
/// gives it to libvirt, Export-VMDomain to a file.
/// </summary>
public sealed class VMDomain
{
    private const string Nothing = "<domain/>";

    internal VMDomain(Domain definition, string? connection = null, DomainState? state = null, bool? persistent = null, string? path = null)
    {
        Definition = definition;
        Connection = connection;
        State = state;
        IsPersistent = persistent;
        Path = path;
    }

    /// <summary>The name; null when the XML has none.</summary>
    public string? Name => Definition.Name;

    /// <summary>The UUID; null when the XML has none.</summary>
    public Guid? Uuid => Definition.Uuid;

    /// <summary>What the guest was doing when the domain was read; null for one that does not come from libvirt.</summary>
    public DomainState? State { get; }

    /// <summary>Whether libvirt keeps the definition when the guest stops; null for one that does not come from libvirt.</summary>
    public bool? IsPersistent { get; }

    /// <summary>The connection that it comes from; null for a file or a text.</summary>
    public string? Connection { get; }

    /// <summary>The file that it comes from; null for libvirt or a text.</summary>
    public string? Path { get; }

    /// <summary>The guest's memory.</summary>
    public ByteSize? Memory => Definition.Memory;

    /// <summary>The most virtual CPUs.</summary>
    public int VirtualCpus => Definition.VirtualCpus;

    /// <summary>The guest's architecture; null when the XML does not say.</summary>
    public string? Architecture => Definition.Architecture;

    /// <summary>The machine type; null when the XML does not say.</summary>
    public string? Machine => Definition.Machine;

    /// <summary>How the memory is backed.</summary>
    public MemoryBacking MemoryBacking => Definition.MemoryBacking;

    /// <summary>Whether the memory can be shared with a device such as virtio-fs, by libvirt's rule.</summary>
    public bool IsMemoryShared => Definition.MemoryBacking.TestShared().IsShared;

    /// <summary>The file systems.</summary>
    public LibvirtXml.FileSystems.FileSystem[] FileSystems => [.. Definition.FileSystems];

    /// <summary>Whether the object was changed since it was read.</summary>
    public bool IsChanged => Definition.IsChanged;

    /// <summary>
    /// The XML as it is now, to be looked at: ***** stands in the place of each password, and libvirt is not given such a text. Export-VMDomain
    /// -IncludeSecret writes the whole.
    /// </summary>
    public string Xml => Definition.PublicXml;

    internal Domain Definition { get; private set; }

    /// <summary>Where the domain lives when it stands for an object that was read there, and is to be changed there; null for an object of its own.</summary>
    internal DomainTarget? Origin { get; private init; }

    /// <summary>What libvirt had when the domain was read from it; null for one that it does not have.</summary>
    internal DomainRevision? Revision { get; set; }

    /// <summary>What names a domain of libvirt that is still to be found; null for a domain.</summary>
    internal DomainIdentity? Identity { get; private init; }

    /// <summary>The text that came in place of a domain, and is still to be read: XML, a line of it, or a path. Null for a domain.</summary>
    internal string? UnreadText { get; private init; }

    /// <summary>The file that came in place of a domain, and is still to be read; null for a domain.</summary>
    internal string? UnreadFile { get; private init; }

    /// <summary>The name.</summary>
    public override string ToString() => Name ?? string.Empty;

    internal static VMDomain FromFile(DomainFile file) => new(file.Domain, path: file.Path);

    internal static VMDomain OfText(string text, string? connection = null) => new(Domain.Parse(Nothing), connection) { UnreadText = text };

    internal static VMDomain OfFile(string path) => new(Domain.Parse(Nothing), path: path) { UnreadFile = path };

    internal static VMDomain OfIdentity(DomainIdentity identity) => new(Domain.Parse(Nothing), identity.Connection) { Identity = identity };

    internal static VMDomain OfOrigin(DomainTarget target) => new(target.Definition, target.Connection, path: target.Path) { Origin = target };

    internal void Replace(Domain definition) => Definition = definition;

    /// <summary>Notes that libvirt has the definition now, so that later changes count from here.</summary>
    internal void Settle(DomainRevision revision)
    {
        if (Revision is not null)
        {
            Revision = revision;
            Definition = Definition.Copy();
        }
    }
}
