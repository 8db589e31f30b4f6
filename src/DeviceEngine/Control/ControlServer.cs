using System.Net.Sockets;
using System.Text.Json;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Inspection;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Control;

/// <summary>
/// Answers for a share on a control socket, to the user who runs it and to root. The socket and the record beside it lie in a folder that
/// is closed to all others.
/// </summary>
public sealed class ControlServer : IDisposable
{
    private const int LargestRequest = 4096;
    private const int MostConnections = 8;
    private const int Patience = 5_000;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly string _path;
    private readonly Share _share;
    private readonly Action _stop;
    private int _connections;

    private ControlServer(string path, Share share, Action stop) => (_path, _share, _stop) = (path, share, stop);

    private string RecordPath => _path + ControlFolder.RecordSuffix;

    /// <summary>Begins to answer. The caller holds a lock that keeps others from the same path, so what lies there is left over.</summary>
    /// <param name="path">The control socket.</param>
    /// <param name="share">The share.</param>
    /// <param name="stop">Asked to end the process; called on any thread.</param>
    /// <exception cref="IOException">The socket cannot be made, or others get into its folder.</exception>
    public static ControlServer Start(string path, Share share, Action stop)
    {
        ControlFolder.Require(Path.GetDirectoryName(path)!);
        ControlServer server = new(path, share, stop);
        try
        {
            File.Delete(path);
            server._listener.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, OwnerOnly);
            server._listener.Listen(MostConnections);
            ShareRecord.Of(share.Options).Write(server.RecordPath);
        }
        catch (SocketException exception)
        {
            server.Dispose();
            throw new IOException($"The control socket '{path}' cannot be made: {exception.Message.TrimEnd('.')}.", exception);
        }
        catch
        {
            server.Dispose();
            throw;
        }

        Begin(server.Accept, "vfs-control");
        return server;
    }

    /// <summary>Answers nobody any more, and takes the socket and the record away.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        File.Delete(RecordPath);
        File.Delete(_path);
    }

    private static void Begin(Action action, string name) => new Thread(() => action()) { IsBackground = true, Name = name }.Start();

    private void Accept()
    {
        while (true)
        {
            try
            {
                Socket connection = _listener.Accept();
                if (Interlocked.Increment(ref _connections) > MostConnections)
                {
                    Interlocked.Decrement(ref _connections);
                    connection.Dispose();
                    continue;
                }

                Begin(() => Serve(connection), "vfs-control");
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                if (_listener.SafeHandle.IsClosed)
                {
                    return;
                }

                // Such as no descriptor being left.
                Thread.Sleep(100);
            }
        }
    }

    private void Serve(Socket connection)
    {
        using (connection)
        {
            try
            {
                connection.ReceiveTimeout = connection.SendTimeout = Patience;
                if (IsTrusted(connection))
                {
                    Answer(connection);
                }
            }
            catch (Exception exception) when (exception is SocketException or IOException or JsonException)
            {
                // Who asked has gone, or did not ask by the rules.
            }
        }

        Interlocked.Decrement(ref _connections);
    }

    private static bool IsTrusted(Socket connection) =>
        UnixSocket.GetPeer((int)connection.Handle, out PeerCredentials peer) == 0 && (peer.UserId == 0 || peer.UserId == ProcessSession.EffectiveUserId);

    private void Answer(Socket connection)
    {
        ControlRequest request = JsonSerializer.Deserialize(ControlLine.Read(connection, LargestRequest), ControlJson.Default.ControlRequest)!;
        byte[] answer = JsonSerializer.SerializeToUtf8Bytes(Carry(request), ControlJson.Default.ControlAnswer);
        connection.Send(answer);
        connection.Send("\n"u8);
        if (request.Command == ControlCommand.Stop)
        {
            // The connection ends with the process, so that whoever asked knows when nothing of it is left.
            _stop();
            Thread.Sleep(Timeout.Infinite);
        }
    }

    private ControlAnswer Carry(ControlRequest request) => request.Command switch
    {
        ControlCommand.Status or ControlCommand.Stop => new ControlAnswer
        {
            Done = true,
            State = _share.State,
            FaultReason = _share.FaultReason,
            Jail = _share.Jail,
            StartedAt = _share.StartedAt,
            Guest = _share.Guest,
        },
        ControlCommand.Session => new ControlAnswer { Done = true, Session = _share.InspectSession((SessionParts)request.Parts & SessionParts.All) },
        ControlCommand.Disconnect => new ControlAnswer { Done = _share.TryDisconnect(request.Session) },
        ControlCommand.CloseFile => new ControlAnswer { Done = _share.TryCloseFile(request.Handle) },
        _ => new ControlAnswer { Error = $"The process that serves the share does not know the request {(int)request.Command}." },
    };
}
