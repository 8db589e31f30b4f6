using System.Collections;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Completes the names of the domains that libvirt knows.</summary>
public sealed class DomainNameCompleter : LiveValueCompleter
{
    /// <inheritdoc/>
    protected override bool ParameterTakesWildcards => true;

    /// <inheritdoc/>
    protected override IEnumerable<LiveValue> FindValues(IDictionary boundParameters)
    {
        ArgumentNullException.ThrowIfNull(boundParameters);
        try
        {
            return [.. ConnectionCache.Get(boundParameters["Connection"] as string)
                .ListDomains()
                .Select(domain => new LiveValue(domain.Name, $"{domain.State} at {domain.Connection.Uri}"))];
        }
        catch (LibvirtXmlException)
        {
            return [];
        }
    }
}
