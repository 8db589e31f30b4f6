using VirtioFs.DeviceEngine.Device;
using VirtioFs.DeviceEngine.Queues;
using VirtioFs.DeviceEngine.Threads;
using VirtioFs.DeviceEngine.VhostUser;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Server;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Shares;

/// <summary>
/// A share's control thread: it waits for front ends, serves one after the other, and lets go of everything at the end. It owns the socket,
/// the file server and the threads that answer requests.
/// </summary>
#pragma warning disable CA1001 // The thread disposes of what it owns as the last thing that it does, since requests may still be stuck.
internal sealed partial class ShareControl
#pragma warning restore CA1001
{
    private const int StackSize = 512 * 1024;

    // How long a session's end waits for requests before they are left behind, and how many sessions may have left some.
    private const int HangMilliseconds = 2000, MostLeftBehind = 4;
    private static readonly TimeSpan s_closeStep = TimeSpan.FromMilliseconds(400);

    private readonly Lock _gate = new();
    private readonly ShareOptions _options;
    private readonly int _id;
    private readonly ShareStatus _status;
    private readonly ShareSocket _socket;
    private readonly EndSignal _end;
    private readonly Func<IFileSystem?>? _reopen;
    private readonly List<FileService> _leftBehind = [];
    private readonly OperationCounters _retiredOperations = new();
    private readonly QueueCounters _retired = new();
    private readonly Thread _thread;
    private volatile FileService _service;
    private volatile bool _stopping;
    private ConnectedFrontEnd? _frontEnd;
    private long _sessions, _failedSessions;
    private long _messages;

    internal ShareControl(ShareOptions options, int id, IFileSystem fileSystem, Func<IFileSystem?>? reopen, ShareStatus status)
    {
        (_options, _id, _reopen, _status) = (options, id, reopen, status);
        _socket = ShareSocket.Open(options);
        try
        {
            Jail = ShareJail.Create(options.Jail, fileSystem);
            _end = new EndSignal();
        }
        catch
        {
            Jail?.Dispose();
            _socket.Dispose();
            throw;
        }

        _service = new FileService(fileSystem, Jail, id, options.BlockingThreads, Fail);
        _thread = new Thread(Run, StackSize) { IsBackground = true, Name = $"vfs{id}-control" };
    }

    /// <summary>What confines the threads that answer; null for nothing.</summary>
    internal ThreadJail? Jail { get; }

    /// <summary>The connected front end; null when there is none.</summary>
    internal ShareGuest? Guest
    {
        get
        {
            lock (_gate)
            {
                return _frontEnd?.Describe();
            }
        }
    }

    private bool IsEnding => _stopping || _status.IsFaulted;

    /// <summary>Starts the thread. When that fails, nothing is held any more but the file system.</summary>
    internal void Start()
    {
        bool hasStarter = false;
        try
        {
            ThreadStarter.Use();
            hasStarter = true;
            _thread.Start();
        }
        catch
        {
            if (hasStarter)
            {
                ThreadStarter.LetGo();
            }

            Jail?.Dispose();
            _socket.Dispose();
            _end.Dispose();
            throw;
        }
    }

    /// <summary>Asks the thread to end. False when it was asked before.</summary>
    internal bool TryBeginStop()
    {
        lock (_gate)
        {
            if (_stopping)
            {
                return false;
            }

            _stopping = true;
        }

        _end.Give();
        return true;
    }

    /// <summary>Waits for the end. True at once on the thread itself, from one of the share's events.</summary>
    internal bool TryJoin(TimeSpan patience) => IsHere || _thread.Join(patience);

    /// <summary>Whether this is the control thread, as in one of the share's events.</summary>
    internal bool IsHere => Thread.CurrentThread == _thread;

    internal void RemoveSocketFile() => _socket.RemoveFile();

    internal ShareStatistics GetStatistics()
    {
        QueueCounters total = new();
        long messages;
        lock (_gate)
        {
            total.Add(_retired);
            _frontEnd?.AddCounters(total);
            messages = _messages + (_frontEnd?.Session.Messages ?? 0);
        }

        return new ShareStatistics
        {
            Sessions = Volatile.Read(ref _sessions),
            FailedSessions = Volatile.Read(ref _failedSessions),
            Messages = messages,
            Requests = total.Requests,
            RefusedRequests = total.RefusedRequests,
            DeferredRequests = total.DeferredRequests,
            RequestBytes = total.RequestBytes,
            ReplyBytes = total.ReplyBytes,
            Kicks = total.Kicks,
            Calls = total.Calls,
            Polls = total.Polls,
            SuccessfulPolls = total.SuccessfulPolls,
        };
    }

    private void Run()
    {
        try
        {
            while (!IsEnding)
            {
                int connection = AwaitFrontEnd();
                if (connection >= 0)
                {
                    Serve(connection);
                }
            }
        }
#pragma warning disable CA1031 // The last resort of this thread: a fault ends the share, never the process.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            Fail($"The control thread failed: {fault.Message}");
        }

        try
        {
            LetGoOfEverything();
        }
#pragma warning disable CA1031 // As above.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            Fail($"Letting go of what the share held failed: {fault.Message}");
        }
    }

    /// <summary>Waits for a front end. A negative number when the share is to end, or there was none after all.</summary>
    private int AwaitFrontEnd()
    {
        const int RecoveryMilliseconds = 200;
        Span<PollEntry> entries =
        [
            new PollEntry { Descriptor = _socket.Descriptor, Events = Poll.Readable },
            new PollEntry { Descriptor = _end.Descriptor, Events = Poll.Readable },
        ];
        _ = Poll.Wait(entries, -1);
        if (entries[1].Happened != 0)
        {
            return -1;
        }

        int result = UnixSocket.Accept(_socket.Descriptor);
        switch (result)
        {
            case >= 0 or -Errno.EAGAIN or -Errno.ECONNABORTED:
                return result;
            case -Errno.EMFILE or -Errno.ENFILE or -Errno.ENOMEM or -Errno.ENOBUFS:
                _status.NoteTrouble($"A front end is waiting, but cannot be let in: {Errno.Describe(-result)}.");
                _ = Poll.Wait(entries[1..], RecoveryMilliseconds);
                return result;
            default:
                Fail($"The socket '{_options.SocketPath}' takes no connections any more: {Errno.Describe(-result)}.");
                return result;
        }
    }

    private void Serve(int socket)
    {
        FrontEndConnection connection = new(socket, _end.Descriptor);
        FileService service = _service;
        ShareWork work = new(
            _id, service.Server, service.Threads, service.Deferred, () => IsEnding || connection.IsClosedByPeer, connection.Disconnect, service.TryReset, _status.NoteTrouble, Fail);
        VirtioFsDevice device = new(new DeviceDescription(_options.OffersTag ? _options.Tag : null, _options.RequestQueues, _options.QueueSize, _options.PollMicroseconds), work);
        Session session = new(connection, device, _status.NoteTrouble);
        FrontEndReview review = new(device, connection.Peer, text => _status.Note(ShareNoteKind.GuestReady, text), _status.NoteTrouble);
        connection.Attend(new ConnectionWatch(_socket.Descriptor, TurnAway, review.Look));
        lock (_gate)
        {
            _frontEnd = new ConnectedFrontEnd(connection, device, session, ++_sessions);
        }

        _status.Change(ShareState.Connected, null);
        string? reason = null;
        try
        {
            reason = session.Run();
        }
        finally
        {
            session.Dispose();
            if (reason is not null)
            {
                _failedSessions++;
                _status.NoteTrouble(reason);
            }

            Close(device);
            Retire();
        }

        _status.Change(ShareState.Waiting, reason);
    }

    /// <summary>A second front end would wait without a word for the first one to go; it is told at once, by the end of its connection.</summary>
    private bool TurnAway()
    {
        int socket = UnixSocket.Accept(_socket.Descriptor);
        if (socket < 0)
        {
            return socket is -Errno.EAGAIN or -Errno.ECONNABORTED;
        }

        string who = UnixSocket.GetPeer(socket, out PeerCredentials peer) == 0 && peer.ProcessId > 0 ? $"Process {peer.ProcessId}" : "A process";
        FileDescriptor.Close(socket);
        _status.NoteTrouble($"{who} wanted to connect to '{_options.SocketPath}' and was turned away: the share is in use, and serves one virtual machine at a time.");
        return true;
    }

    /// <summary>
    /// Ends a device and the session of FUSE. Requests that hang for long are left behind, with the file server and the threads that they are
    /// in, and without their guest's memory; so the next front end has nothing in common with them.
    /// </summary>
    private void Close(VirtioFsDevice device)
    {
        FileService service = _service;
        long start = Environment.TickCount64;
        bool noted = false;
        device.BeginClose();
        while (!device.TryClose(s_closeStep) || !service.TryReset(s_closeStep))
        {
            if (Environment.TickCount64 - start < HangMilliseconds)
            {
                continue;
            }

            if (TryLeaveBehind(service, device))
            {
                return;
            }

            if (!noted)
            {
                _status.NoteTrouble($"Requests of the last session are stuck in the file system of '{_options.Path}'; no other front end is served before they end.");
            }

            noted = true;
        }
    }

    private bool TryLeaveBehind(FileService service, VirtioFsDevice device)
    {
        if (IsEnding || _reopen is null || _leftBehind.Count == MostLeftBehind || !device.TryCutOff() || _reopen() is not IFileSystem files)
        {
            return false;
        }

        lock (_gate)
        {
            _leftBehind.Add(service);
            _service = new FileService(files, Jail, _id, _options.BlockingThreads, Fail);
            _service.Server.ObserveAs(service.Server);
        }

        service.LeaveBehind(device, Forget);
        _status.NoteTrouble(
            $"Requests of the last session are stuck in the file system of '{_options.Path}'. They were left behind, and what they hold is given back when they end.");
        return true;
    }

    private void Forget(FileService service)
    {
        lock (_gate)
        {
            _retiredOperations.Add(service.Server.Count());
            _ = _leftBehind.Remove(service);
        }
    }

    private void Retire()
    {
        lock (_gate)
        {
            _frontEnd?.AddCounters(_retired);
            _messages += _frontEnd?.Session.Messages ?? 0;
            _frontEnd = null;
        }
    }

    private void LetGoOfEverything()
    {
        _socket.Dispose();
        _service.Close();
        FileService[] leftBehind;
        lock (_gate)
        {
            leftBehind = [.. _leftBehind];
        }

        Array.ForEach(leftBehind, service => service.AwaitEnd());
        Jail?.Dispose();
        ThreadStarter.LetGo();
        _end.Dispose();
    }

    private void Fail(string reason)
    {
        if (_status.TryFail(reason))
        {
            _end.Give();
            _status.Change(ShareState.Faulted, reason);
        }
    }
}
