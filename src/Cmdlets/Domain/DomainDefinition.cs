using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Changes a domain of libvirt wholly or not at all: the definition, and the running guest's file systems when asked.</summary>
internal static class DomainDefinition
{
    /// <summary>The domain of this name that libvirt has; null when there is none.</summary>
    internal static LibvirtDomain? Find(LibvirtConnection connection, Domain wanted)
    {
        if (wanted.Name is not string name)
        {
            return null;
        }

        try
        {
            return connection.GetDomain(name);
        }
        catch (LibvirtException exception) when (exception.ErrorId == "DomainNotFound")
        {
            return null;
        }
    }

    /// <summary>The domain as libvirt takes it for the one that it has: with that one's UUID where the XML leaves it out.</summary>
    internal static Domain Adopt(LibvirtDomain? present, Domain wanted)
    {
        if (present is null)
        {
            return wanted;
        }

        Domain adopted = wanted.Edit();
        adopted.AdoptUuid(present.Uuid);
        return adopted;
    }

    /// <summary>What defining would change, in a sentence without its end.</summary>
    internal static string Describe(LibvirtConnection connection, LibvirtDomain? present, Domain wanted)
    {
        string place = $"domain '{wanted.Name}' at {connection.Uri}";
        if (present is null)
        {
            return $"Define {place}, which is new there: memory {wanted.Memory}, {wanted.VirtualCpus} virtual CPUs, file systems: {Tags(wanted)}";
        }

        Domain old = present.GetDefinition(inactive: present.IsPersistent, secure: true);
        List<Change> changes = [.. DomainDifference.Between(old, wanted)];
        return changes.Count > 0
            ? $"Change the definition of {place}: {string.Join("; ", changes)}"
            : $"Write the definition of {place} anew; memory backing and file systems stay as they are";
    }

    /// <summary>Defines, and then brings the running guest's file systems in line; a step that fails takes all back.</summary>
    internal static LibvirtDomain Apply(
        LibvirtConnection connection,
        LibvirtDomain? present,
        Domain wanted,
        bool validate,
        bool live,
        CancellationToken cancellation)
    {
        Domain? old = present?.IsPersistent == true ? present.GetDefinition(inactive: true, secure: true) : null;
        LibvirtDomain defined = connection.Define(wanted, validate);
        if (!live || !defined.IsActive || !LiveFileSystems.CanPlug(defined))
        {
            return defined;
        }

        try
        {
            LiveFileSystems.Align(defined, wanted, cancellation);
            return defined;
        }
        catch
        {
            if (old is not null)
            {
                connection.Define(old, validate: false).Dispose();
            }

            defined.Dispose();
            throw;
        }
    }

    private static string Tags(Domain domain) =>
        domain.FileSystems.Count == 0 ? "none" : string.Join(", ", domain.FileSystems.Select(fileSystem => fileSystem.ToString()));
}
