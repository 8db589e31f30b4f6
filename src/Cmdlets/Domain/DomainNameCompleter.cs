using System.Collections;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Completes the names of the domains that libvirt knows.</summary>
public sealed class DomainNameCompleter : LiveValueCompleter
{
    // Somebody who presses Tab does not wait for a connection; the next time it may be there.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    /// <inheritdoc/>
    protected override bool ParameterTakesWildcards => true;

    /// <inheritdoc/>
    protected override IEnumerable<LiveValue> FindValues(IDictionary boundParameters)
    {
        ArgumentNullException.ThrowIfNull(boundParameters);
        using CancellationTokenSource limit = new(Patience);
        try
        {
            return [.. ConnectionCache.Get(boundParameters["Connection"] as string, limit.Token)
                .ListDomains()
                .Select(domain => new LiveValue(domain.Name, $"{domain.State} at {domain.Connection.Uri}"))];
        }
        catch (Exception exception) when (exception is LibvirtXmlException or OperationCanceledException)
        {
            return [];
        }
    }
}
