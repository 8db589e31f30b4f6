using System.Net.Sockets;
using System.Text;

namespace VirtioFs.Daemon.Service;

/// <summary>Tells the service manager how the program is doing (sd_notify(3)), where it was started by one that wants to know.</summary>
internal sealed class ServiceManager : IDisposable
{
    private readonly Socket? _socket;

    /// <summary>Connects; the manager's socket may be out of reach later.</summary>
    internal ServiceManager()
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not ['/' or '@', ..] path)
        {
            return;
        }

        Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path[0] == '@' ? $"\0{path[1..]}" : path));
            _socket = socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
        }
    }

    /// <summary>The share can be connected to.</summary>
    internal void SayReady(string status) => Send($"READY=1\nSTATUS={status}");

    /// <summary>What the program is doing.</summary>
    internal void SayStatus(string status) => Send($"STATUS={status}");

    /// <summary>The program is about to end.</summary>
    internal void SayStopping(string status) => Send($"STOPPING=1\nSTATUS={status}");

    public void Dispose() => _socket?.Dispose();

    private void Send(string text)
    {
        try
        {
            _ = _socket?.Send(Encoding.UTF8.GetBytes(text));
        }
        catch (SocketException)
        {
            // Nobody is told.
        }
    }
}
