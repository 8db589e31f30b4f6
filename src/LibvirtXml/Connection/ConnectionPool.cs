using VirtioFs.LibvirtXml.Connection.Native;

namespace VirtioFs.LibvirtXml.Connection;

/// <summary>
/// Connections that are kept, so that many calls connect once, and what libvirt's test driver holds in memory outlives one of them. No
/// lock is held while a connection is opened: who needs a URI that does not answer waits alone, and may stop waiting.
/// </summary>
/// <param name="limits">How long calls may take; null for what <see cref="LibvirtLimits.FromEnvironment"/> says at each call of <see cref="Get"/>.</param>
public sealed class ConnectionPool(LibvirtLimits? limits = null) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Uri, bool ReadOnly), ConnectionLink> _links = [];

    /// <summary>Gives a living connection, and opens it if need be.</summary>
    /// <param name="uri">The URI; null for libvirt's default.</param>
    /// <param name="readOnly">Whether it is for reading only.</param>
    /// <param name="cancellationToken">Ends the wait, and each call that is made on the connection.</param>
    /// <returns>The connection. It belongs to the pool: disposing of it does nothing.</returns>
    /// <exception cref="LibvirtUnavailableException">The libvirt library is not there.</exception>
    /// <exception cref="LibvirtException">The connection cannot be opened, or not within the limit.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public LibvirtConnection Get(string? uri, bool readOnly = false, CancellationToken cancellationToken = default)
    {
        LibvirtLibrary.Load();
        ConnectionLink link = LinkTo(uri, readOnly);
        LibvirtLimits current = limits ?? LibvirtLimits.FromEnvironment();
        link.Open(current.Open, cancellationToken);
        return new LibvirtConnection(link, isOwner: false, current, cancellationToken);
    }

    /// <summary>Closes all connections without waiting for anybody. The pool can be used again.</summary>
    public void Dispose()
    {
        ConnectionLink[] links;
        lock (_gate)
        {
            links = [.. _links.Values];
            _links.Clear();
        }

        foreach (ConnectionLink link in links)
        {
            link.Dispose();
        }
    }

    private ConnectionLink LinkTo(string? uri, bool readOnly)
    {
        (string, bool) key = (ConnectionUri.WithoutPrompt(uri) ?? string.Empty, readOnly);
        lock (_gate)
        {
            if (!_links.TryGetValue(key, out ConnectionLink? link))
            {
                link = new ConnectionLink(uri, readOnly);
                _links[key] = link;
            }

            return link;
        }
    }
}
