using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Control;

/// <summary>Asks a detached share over its control socket.</summary>
internal static class ControlClient
{
    private const int LargestAnswer = 1 << 26;
    private const int Patience = 5_000, EndPatience = 30_000;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Asks, and answers what came back.</summary>
    /// <param name="socketPath">The control socket.</param>
    /// <param name="owner">Whose process must be at the other end.</param>
    /// <param name="processId">Which process must be.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="untilEnd">Whether to wait until the process has closed the connection, which it does with its end.</param>
    /// <exception cref="IOException">It does not answer, or somebody else does.</exception>
    internal static ControlAnswer Ask(string socketPath, uint owner, int processId, ControlRequest request, bool untilEnd = false)
    {
        using Socket socket = Connect(socketPath, owner, processId);
        ControlAnswer answer = Exchange(socket, processId, request);
        if (!untilEnd)
        {
            return answer;
        }

        try
        {
            socket.ReceiveTimeout = EndPatience;
            _ = socket.Receive(new byte[1]);
            return answer;
        }
        catch (SocketException exception)
        {
            throw Silent(processId, exception);
        }
    }

    /// <summary>Connects to the process.</summary>
    /// <exception cref="IOException">It does not answer, or somebody else does.</exception>
    internal static Socket Connect(string socketPath, uint owner, int processId)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { SendTimeout = Patience };
        try
        {
            // A process that is stopped takes nobody out of its queue, and connect(2) waits for a full one as long as it takes.
            socket.Blocking = false;
            Stopwatch clock = Stopwatch.StartNew();
            while (!TryConnect(socket, socketPath, clock.ElapsedMilliseconds >= Patience))
            {
                Thread.Sleep(s_pause);
            }

            socket.Blocking = true;
            RequirePeer(socket, owner, processId);
            return socket;
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw Silent(processId, exception);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Asks on a connection that stays, and answers what came back.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="processId">The process at its other end.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="wait">How long the process may take beyond what any answer may, in milliseconds.</param>
    /// <exception cref="IOException">It does not answer.</exception>
    internal static ControlAnswer Exchange(Socket socket, int processId, ControlRequest request, int wait = 0)
    {
        try
        {
            socket.Send([.. JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest), (byte)'\n']);
            ControlAnswer answer = JsonSerializer.Deserialize(ControlLine.Read(socket, LargestAnswer, Patience + wait), ControlJson.Default.ControlAnswer)
                ?? throw new IOException($"Process {processId} gave an empty answer.");
            return answer.Error is { } refusal ? throw new IOException(refusal) : answer.IsWhole ? answer : throw new IOException($"Process {processId} gave an answer with parts missing.");
        }
        catch (Exception exception) when (exception is SocketException or JsonException)
        {
            throw Silent(processId, exception);
        }
    }

    private static bool TryConnect(Socket socket, string socketPath, bool isLast)
    {
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            return true;
        }
        catch (SocketException full) when (full.SocketErrorCode == SocketError.WouldBlock && !isLast)
        {
            return false;
        }
    }

    private static IOException Silent(int processId, Exception exception) => exception is SocketException { SocketErrorCode: SocketError.TimedOut or SocketError.WouldBlock }
        ? new IOException($"Process {processId} has not answered within {Patience / 1000} seconds.", exception)
        : new IOException($"Process {processId} does not answer: {exception.Message.TrimEnd('.')}.", exception);

    private static void RequirePeer(Socket socket, uint owner, int processId)
    {
        if (UnixSocket.GetPeer((int)socket.Handle, out PeerCredentials peer) < 0 || peer.UserId != owner || peer.ProcessId != processId)
        {
            throw new IOException($"Another process than {processId} listens at its control socket.");
        }
    }
}
