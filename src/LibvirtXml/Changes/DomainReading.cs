using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.LibvirtXml.Changes;

/// <summary>All that libvirt has of a domain, read in one go.</summary>
/// <param name="State">What the guest is doing.</param>
/// <param name="Stored">The stored definition; null for a transient domain.</param>
/// <param name="Running">What the running guest has; null when it does not run.</param>
/// <param name="Revision">What tells later whether somebody has changed the domain since.</param>
public sealed record DomainReading(DomainState State, Domain? Stored, Domain? Running, DomainRevision Revision)
{
    /// <summary>Reads a domain, with its passwords where the connection allows that.</summary>
    /// <param name="domain">The domain.</param>
    /// <returns>The reading.</returns>
    /// <exception cref="LibvirtException">The domain is gone, or libvirt reports an error.</exception>
    public static DomainReading Read(LibvirtDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return Read(domain, isSecure: !domain.Connection.IsReadOnly);
    }

    internal static DomainReading Read(LibvirtDomain domain, bool isSecure)
    {
        (DomainState state, string? storedXml, string? runningXml) = domain.ReadAll(isSecure);
        Domain? stored = storedXml is null ? null : Parse(storedXml, isSecure);
        Domain? running = runningXml is null ? null : Parse(runningXml, isSecure);
        return new DomainReading(state, stored, running, new DomainRevision(
            domain.Connection.Uri,
            domain.Uuid,
            domain.Name,
            IsRunning: running is not null,
            IsPersistent: stored is not null,
            isSecure,
            storedXml is null ? null : DomainRevision.Digest(storedXml),
            running is null ? null : DomainRevision.Digest(string.Join('\n', running.FileSystems.Select(fileSystem => fileSystem.Xml)))));
    }

    private static Domain Parse(string xml, bool isSecure)
    {
        Domain domain = Domain.Parse(xml);
        domain.IsWithoutSecrets = !isSecure;
        return domain;
    }
}
