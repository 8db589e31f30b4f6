using System.Net.Sockets;
using System.Text.Json;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Control;

/// <summary>Asks a detached share over its control socket.</summary>
internal static class ControlClient
{
    private const int LargestAnswer = 1 << 26;
    private const int Patience = 5_000, EndPatience = 30_000;

    /// <summary>Asks, and answers what came back.</summary>
    /// <param name="socketPath">The control socket.</param>
    /// <param name="owner">Whose process must be at the other end.</param>
    /// <param name="processId">Which process must be.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="untilEnd">Whether to wait until the process has closed the connection, which it does with its end.</param>
    /// <exception cref="IOException">It does not answer, or somebody else does.</exception>
    internal static ControlAnswer Ask(string socketPath, uint owner, int processId, ControlRequest request, bool untilEnd = false)
    {
        try
        {
            using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = Patience, SendTimeout = Patience };
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            RequirePeer(socket, owner, processId);
            socket.Send([.. JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest), (byte)'\n']);
            ControlAnswer answer = JsonSerializer.Deserialize(ControlLine.Read(socket, LargestAnswer), ControlJson.Default.ControlAnswer)
                ?? throw new IOException($"Process {processId} gave an empty answer.");
            if (answer.Error is { } refusal)
            {
                throw new IOException(refusal);
            }

            if (untilEnd)
            {
                socket.ReceiveTimeout = EndPatience;
                _ = socket.Receive(new byte[1]);
            }

            return answer;
        }
        catch (Exception exception) when (exception is SocketException or JsonException)
        {
            throw new IOException($"Process {processId} does not answer on '{socketPath}': {exception.Message.TrimEnd('.')}.", exception);
        }
    }

    private static void RequirePeer(Socket socket, uint owner, int processId)
    {
        if (UnixSocket.GetPeer((int)socket.Handle, out PeerCredentials peer) < 0 || peer.UserId != owner || peer.ProcessId != processId)
        {
            throw new IOException($"Another process than {processId} listens at its control socket.");
        }
    }
}
