using System.Net.Sockets;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>A socket where connections are accepted and nothing is ever answered, as of a daemon that hangs.</summary>
internal sealed class SilentDaemon : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<Socket> _clients = [];

    public SilentDaemon()
    {
        _listener.Bind(new UnixDomainSocketEndPoint(Path));
        _listener.Listen();
        _ = AcceptAsync();
    }

    public string Path => System.IO.Path.Combine(_folder.Path, "s");

    public string Uri => $"qemu+unix:///system?socket={Path}";

    public int Connections
    {
        get
        {
            lock (_clients)
            {
                return _clients.Count;
            }
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        lock (_clients)
        {
            _clients.ForEach(client => client.Dispose());
        }

        _folder.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptAsync();
                lock (_clients)
                {
                    _clients.Add(client);
                }
            }
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
