using System.Net.Sockets;
using System.Text;

namespace VirtioFs.Guest.Harness;

/// <summary>What a host says to QEMU about a running machine.</summary>
internal sealed class QemuMonitor : IDisposable
{
    private const string Prompt = "(qemu) ";
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private QemuMonitor()
    {
    }

    /// <summary>Connects to the monitor of a machine that has been started.</summary>
    public static async Task<QemuMonitor> ConnectAsync(string path)
    {
        QemuMonitor monitor = new();
        await monitor._socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
        await monitor.ReadAnswerAsync();
        return monitor;
    }

    /// <summary>Stops all processors and devices of the machine, as <c>virsh suspend</c> does.</summary>
    public Task PauseAsync() => DoAsync("stop", "paused");

    /// <summary>Lets the machine go on.</summary>
    public Task ContinueAsync() => DoAsync("cont", "running");

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private async Task DoAsync(string command, string status)
    {
        await AskAsync(command);
        Assert.Contains(status, await AskAsync("info status"), StringComparison.Ordinal);
    }

    private async Task<string> AskAsync(string command)
    {
        await _socket.SendAsync(Encoding.ASCII.GetBytes(command + "\n"));
        return await ReadAnswerAsync();
    }

    private async Task<string> ReadAnswerAsync()
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        StringBuilder answer = new();
        byte[] room = new byte[4096];
        while (!answer.ToString().EndsWith(Prompt, StringComparison.Ordinal))
        {
            int length = await _socket.ReceiveAsync(room.AsMemory(), patience.Token);
            Assert.NotEqual(0, length);
            answer.Append(Encoding.ASCII.GetString(room, 0, length));
        }

        return answer.ToString();
    }
}
