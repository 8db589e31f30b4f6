using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>
/// The connections of this process. They are kept, so that a pipeline of many cmdlets connects once, and what libvirt's test driver
/// holds in memory outlives one cmdlet.
/// </summary>
internal static class ConnectionCache
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<(string Uri, bool ReadOnly), LibvirtConnection> Connections = [];

    /// <summary>A living connection; null for libvirt's default URI.</summary>
    internal static LibvirtConnection Get(string? uri, bool readOnly = false)
    {
        lock (Gate)
        {
            (string, bool) key = (uri ?? string.Empty, readOnly);
            if (Connections.TryGetValue(key, out LibvirtConnection? known) && known.IsAlive)
            {
                return known;
            }

            LibvirtConnection opened = LibvirtConnection.Open(uri, readOnly);
            Connections[key] = opened;
            known?.Dispose();
            return opened;
        }
    }

    /// <summary>The connections that are open, without opening one.</summary>
    internal static LibvirtConnection? Peek(string? uri)
    {
        lock (Gate)
        {
            return Connections.GetValueOrDefault((uri ?? string.Empty, false)) ?? Connections.GetValueOrDefault((uri ?? string.Empty, true));
        }
    }

    internal static void CloseAll()
    {
        lock (Gate)
        {
            foreach (LibvirtConnection connection in Connections.Values)
            {
                connection.Dispose();
            }

            Connections.Clear();
        }
    }
}
