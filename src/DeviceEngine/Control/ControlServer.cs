using System.Net.Sockets;
using System.Text.Json;
using VirtioFs.DeviceEngine.Observation;
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
    private const int MostConnections = 24, MostFollowers = 16, Backlog = 64;
    private const int Patience = 5_000;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly string _path;
    private readonly Share _share;
    private readonly Action _stop;
    private int _connections;
    private int _followers;
    private DomainNote? _domain;

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
            server._listener.Listen(Backlog);
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
                connection.SendTimeout = Patience;
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
        ControlRequest request = Read(connection);
        if (request.Command == ControlCommand.Follow)
        {
            Follow(connection, request);
            return;
        }

        Send(connection, Carry(request));
        if (request.Command == ControlCommand.Stop)
        {
            // The connection ends with the process, so that whoever asked knows when nothing of it is left.
            _stop();
            Thread.Sleep(Timeout.Infinite);
        }
    }

    // Answers for as long as whoever asked keeps the connection, so it must not take the place of those who ask once.
    private void Follow(Socket connection, ControlRequest request)
    {
        try
        {
            if (Interlocked.Increment(ref _followers) > MostFollowers)
            {
                Send(connection, new ControlAnswer { Error = $"{MostFollowers} sessions follow the share '{_share.Options.Tag}' already; end one of them." });
                return;
            }

            using ShareFeed feed = new(_share, request);
            Send(connection, feed.Take(0));
            while (true)
            {
                Send(connection, feed.Take(Read(connection, awaits: true).Wait));
            }
        }
        finally
        {
            Interlocked.Decrement(ref _followers);
        }
    }

    private static ControlRequest Read(Socket connection, bool awaits = false) =>
        JsonSerializer.Deserialize(ControlLine.Read(connection, LargestRequest, Patience, awaits), ControlJson.Default.ControlRequest) ?? throw new JsonException("The request is empty.");

    private static void Send(Socket connection, ControlAnswer answer) =>
        connection.Send([.. JsonSerializer.SerializeToUtf8Bytes(answer, ControlJson.Default.ControlAnswer), (byte)'\n']);

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
            Domain = Volatile.Read(ref _domain),
        },
        ControlCommand.Session => new ControlAnswer { Done = true, Session = _share.InspectSession((SessionParts)request.Parts & SessionParts.All) },
        ControlCommand.Disconnect => new ControlAnswer { Done = _share.TryDisconnect(request.Session) },
        ControlCommand.CloseFile => new ControlAnswer { Done = _share.TryCloseFile(request.Handle) },
        ControlCommand.Count => new ControlAnswer { Done = true, Counts = ShareCounts.Of(_share) },
        ControlCommand.SetDomain => Keep(request.Domain),
        _ => new ControlAnswer { Error = $"The process that serves the share does not know the request {(int)request.Command}." },
    };

    private ControlAnswer Keep(DomainNote? domain)
    {
        Volatile.Write(ref _domain, domain);
        return new ControlAnswer { Done = true };
    }
}
