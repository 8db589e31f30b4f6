using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.Cmdlets;

/// <summary>Which domain a share was started for.</summary>
/// <param name="Name">The domain's name at that time.</param>
/// <param name="Connection">libvirt's connection URI; null for libvirt's own default.</param>
/// <param name="Uuid">The domain's UUID; null when the user has named it.</param>
internal sealed record ShareDomain(string Name, string? Connection, Guid? Uuid = null)
{
    /// <summary>Finds the very domain, whatever its name is by now, and none that was given the name since.</summary>
    /// <exception cref="LibvirtXmlException">The domain is not there.</exception>
    internal LibvirtDomain Find(CancellationToken cancellation)
    {
        LibvirtConnection connection = ConnectionCache.Get(string.IsNullOrEmpty(Connection) ? null : Connection, cancellation);
        return Uuid is Guid uuid ? connection.GetDomain(uuid) : connection.GetDomain(Name);
    }
}
