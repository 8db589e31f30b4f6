using VirtioFs.DeviceEngine.Device;
using VirtioFs.DeviceEngine.Queues;
using VirtioFs.DeviceEngine.VhostUser;
using VirtioFs.Fuse;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Shares;

/// <summary>
/// One directory offered to one virtual machine at a time, under one tag, on one socket. All members can be used from any thread.
/// </summary>
/// <remarks>
/// <para>
/// The socket keeps listening. A front end that goes away leaves the share waiting for the next one, which gets a session of its own. So
/// does a front end that is sent away because it broke the rules of vhost-user; <see cref="FaultReason"/> keeps why.
/// </para>
/// <para>
/// A guest that breaks the rules of its rings loses the ring: it is stopped, the front end is told, and <see cref="FaultReason"/> says why.
/// The guest's other rings go on, and a reset of the device heals it. A single request that names memory which is not there is answered with
/// EFAULT, and nothing else happens.
/// </para>
/// </remarks>
public sealed class Share : IDisposable
{
    private const int StackSize = 512 * 1024;
    private static readonly TimeSpan s_stopPatience = TimeSpan.FromMilliseconds(900);
    private static readonly TimeSpan s_closeStep = TimeSpan.FromMilliseconds(400);

    private readonly Lock _gate = new();
    private readonly FuseServer _server;
    private readonly ShareSocket _socket;
    private readonly FileDescriptor _ending;
    private readonly ServingThreads _threads;
    private readonly DeferredRequests _deferred;
    private readonly QueueCounters _retired = new();
    private readonly Thread _thread;
    private ShareState _state = ShareState.Waiting;
    private volatile bool _stopping;
    private string? _fault;
    private string? _trouble;
    private ConnectedFrontEnd? _frontEnd;
    private long _sessions;
    private long _failedSessions;
    private long _messages;

    private Share(ShareOptions options, int id, IFileSystem fileSystem)
    {
        (Options, Id) = (options, id);
        _socket = ShareSocket.Open(options);
        try
        {
            _ending = new FileDescriptor((int)LinuxException.Check(EventFd.Create(), "Making an event descriptor failed"));
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        _server = new FuseServer(fileSystem);
        _threads = new ServingThreads(_server, Fail, $"vfs{id}-standin");
        _deferred = new DeferredRequests(_server, Fail, $"vfs{id}-block", options.BlockingThreads);
        _thread = new Thread(Run, StackSize) { IsBackground = true, Name = $"vfs{id}-control" };
    }

    /// <summary>Raised on the thread that made the change, so a handler must be quick; what it throws is ignored.</summary>
    public event EventHandler<ShareStateChangedEventArgs>? StateChanged;

    /// <summary>Raised on the thread that noticed, so a handler must be quick; what it throws is ignored.</summary>
    public event EventHandler<ShareNoteEventArgs>? Noted;

    /// <summary>A number of its own in this process, never used again.</summary>
    public int Id { get; }

    /// <summary>How it was started; the paths are absolute.</summary>
    public ShareOptions Options { get; }

    /// <summary>What it is doing.</summary>
    public ShareState State
    {
        get
        {
            lock (_gate)
            {
                return _state;
            }
        }
    }

    /// <summary>
    /// What went wrong last, as a sentence: why the share is faulted, why a front end was sent away, or why a ring was stopped. Null when
    /// nothing did.
    /// </summary>
    public string? FaultReason
    {
        get
        {
            lock (_gate)
            {
                return _fault ?? _trouble;
            }
        }
    }

    /// <summary>What a front end or its guest did wrong last, as a sentence; null when none did. It is kept until the next such event.</summary>
    public string? LastSessionError
    {
        get
        {
            lock (_gate)
            {
                return _trouble;
            }
        }
    }

    /// <summary>The connected front end; null when there is none.</summary>
    public ShareGuest? Guest
    {
        get
        {
            lock (_gate)
            {
                return _state == ShareState.Connected ? _frontEnd?.Describe() : null;
            }
        }
    }

    /// <summary>When it was started.</summary>
    public DateTimeOffset StartedAt { get; } = DateTimeOffset.Now;

    private bool IsEnding => _stopping || Volatile.Read(ref _fault) is not null;

    /// <summary>Shares a directory. The socket listens when this returns.</summary>
    /// <exception cref="ArgumentException">An option has no sense.</exception>
    /// <exception cref="ShareConflictException">A share of this process has the socket or the tag already.</exception>
    /// <exception cref="SocketPathException">The socket's path is taken by something that must not be replaced.</exception>
    /// <exception cref="LinuxException">The directory cannot be opened, or the system refused something else.</exception>
    public static Share Start(ShareOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Start(options, () => PassthroughFileSystem.Open(System.IO.Path.GetFullPath(options.Path), options.FileSystem));
    }

    /// <summary>Shares a file system of the caller's making, which the share owns from here on. <see cref="ShareOptions.Path"/> only names it.</summary>
    /// <inheritdoc cref="Start(ShareOptions)"/>
    public static Share Start(ShareOptions options, IFileSystem fileSystem)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(fileSystem);
        return Start(options, () => fileSystem);
    }

    /// <summary>
    /// Ends the share: the front end is disconnected, the socket's file is removed. Returns within a second. When a request is stuck in the
    /// host's file system even then, <see cref="FaultReason"/> says so, and what the share holds is let go when the request comes back.
    /// Stopping again does nothing.
    /// </summary>
    public void Stop()
    {
        lock (_gate)
        {
            if (_stopping)
            {
                return;
            }

            _stopping = true;
            if (!_ending.IsClosed)
            {
                _ = EventFd.Signal(_ending.Value);
            }
        }

        _socket.RemoveFile();
        bool ended = Thread.CurrentThread == _thread || _thread.Join(s_stopPatience);
        if (!ended)
        {
            NoteTrouble($"Share {Id} was stopped, but a request is stuck in the file system of '{Options.Path}'; its thread ends with it.");
        }

        ChangeState(ShareState.Stopped, ended ? null : FaultReason);
        ShareRegistry.Remove(this);
    }

    /// <summary>What was counted since the start.</summary>
    public ShareStatistics GetStatistics()
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

    /// <summary>How often each FUSE operation was answered since the start.</summary>
    public OperationCounters CountOperations() => _server.Count();

    /// <summary>Stops the share.</summary>
    public void Dispose() => Stop();

    internal void RemoveSocketFile() => _socket.RemoveFile();

    private static Share Start(ShareOptions options, Func<IFileSystem> openFileSystem)
    {
        ShareReservation? reservation = null;
        IFileSystem? fileSystem = null;
        int unownedListener = options.ListenDescriptor ?? -1;
        try
        {
            options.Validate();
            options = options with
            {
                Path = System.IO.Path.GetFullPath(options.Path),
                SocketPath = System.IO.Path.GetFullPath(options.SocketPath),
            };
            reservation = ShareRegistry.Reserve(options);
            fileSystem = openFileSystem();
            unownedListener = -1;
            Share share = new(options, reservation.ShareId, fileSystem);
            share.Begin();
            reservation.Fulfil(share);
            ShareRegistry.RaiseChanged();
            return share;
        }
        catch
        {
            reservation?.GiveUp();
            fileSystem?.Dispose();
            FileDescriptor.Close(unownedListener);
            throw;
        }
    }

    private void Begin()
    {
        try
        {
            _thread.Start();
        }
        catch
        {
            _socket.Dispose();
            _ending.Dispose();
            throw;
        }
    }

    // ------------------------------------------------------------------ the control thread

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
            new PollEntry { Descriptor = _ending.Value, Events = Poll.Readable },
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
                NoteTrouble($"A front end is waiting, but cannot be let in: {Errno.Describe(-result)}.");
                _ = Poll.Wait(entries[1..], RecoveryMilliseconds);
                return result;
            default:
                Fail($"The socket '{Options.SocketPath}' takes no connections any more: {Errno.Describe(-result)}.");
                return result;
        }
    }

    private void Serve(int socket)
    {
        FrontEndConnection connection = new(socket, _ending.Value);
        ShareWork work = new(
            Id, _server, _threads, _deferred, () => IsEnding || connection.IsClosedByPeer, NoteTrouble, Fail);
        VirtioFsDevice device = new(new DeviceDescription(Options.OffersTag ? Options.Tag : null, Options.RequestQueues, Options.QueueSize, Options.PollMicroseconds), work);
        Session session = new(connection, device, NoteTrouble);
        FrontEndReview review = new(device, connection.Peer, text => Raise(new ShareNoteEventArgs(ShareNoteKind.GuestReady, text)), NoteTrouble);
        connection.Attend(new ConnectionWatch(_socket.Descriptor, TurnAway, review.Look));
        lock (_gate)
        {
            _frontEnd = new ConnectedFrontEnd(connection.Peer, device, session);
            _sessions++;
        }

        ChangeState(ShareState.Connected, null);
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
                NoteTrouble(reason);
            }

            Close(device);
            Retire();
        }

        ChangeState(ShareState.Waiting, reason);
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
        NoteTrouble($"{who} wanted to connect to '{Options.SocketPath}' and was turned away: the share is in use, and serves one virtual machine at a time.");
        return true;
    }

    /// <summary>
    /// Ends a device and the session of FUSE. The next front end would share files and threads with requests that are still under way, so it
    /// has to wait for them.
    /// </summary>
    private void Close(VirtioFsDevice device)
    {
        device.BeginClose();
        bool noted = false;
        while (!device.TryClose(s_closeStep))
        {
            if (!noted)
            {
                NoteTrouble($"Requests of the last session are stuck in the file system of '{Options.Path}'; no other front end is served before they end.");
            }

            noted = true;
        }

        _server.Reset();
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
        _threads.BeginClose();
        _deferred.BeginClose();
        while (!_threads.TryClose(s_closeStep) || !_deferred.TryClose(s_closeStep))
        {
        }

        _server.Dispose();
        lock (_gate)
        {
            _ending.Dispose();
        }
    }

    // ------------------------------------------------------------------ from any thread

    private void NoteTrouble(string reason)
    {
        lock (_gate)
        {
            _trouble = reason;
        }

        Raise(new ShareNoteEventArgs(ShareNoteKind.Trouble, reason));
    }

    private void Fail(string reason)
    {
        lock (_gate)
        {
            if (_fault is not null)
            {
                return;
            }

            Volatile.Write(ref _fault, reason);
            if (!_ending.IsClosed)
            {
                _ = EventFd.Signal(_ending.Value);
            }
        }

        ChangeState(ShareState.Faulted, reason);
    }

    private void ChangeState(ShareState state, string? reason)
    {
        ShareState previous;
        lock (_gate)
        {
            previous = _state;
            bool isFinal = previous == ShareState.Stopped || (previous == ShareState.Faulted && state != ShareState.Stopped);
            if (isFinal || previous == state)
            {
                return;
            }

            _state = state;
        }

        Raise(new ShareStateChangedEventArgs(previous, state, reason));
        ShareRegistry.RaiseChanged();
    }

    private void Raise(ShareStateChangedEventArgs change) => Raise(StateChanged, change);

    private void Raise(ShareNoteEventArgs note) => Raise(Noted, note);

    private void Raise<T>(EventHandler<T>? handlers, T happened)
    {
        foreach (EventHandler<T> handler in Delegate.EnumerateInvocationList(handlers))
        {
            try
            {
                handler(this, happened);
            }
#pragma warning disable CA1031 // A subscriber's fault must not reach the share's own thread.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }
}
