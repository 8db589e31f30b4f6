using System.Diagnostics;
using VirtioFs.LibvirtXml.Connection.Native;

namespace VirtioFs.LibvirtXml.Connection;

/// <summary>
/// The way to one URI. Connections are opened when they are needed and again after they were lost, by one attempt at a time that all who need
/// one wait for, each for as long as it likes. A connection serves one call at a time; there are as many as calls are made at once.
/// </summary>
internal sealed class ConnectionLink(string? uri, bool isReadOnly) : IDisposable
{
    /// <summary>How many attempts may hang at once: each holds a thread until the other end lets go.</summary>
    private const int MostHangingAttempts = 4;

    /// <summary>How many connections there may be; a daemon takes 20 of one user at first (<c>max_anonymous_clients</c>).</summary>
    private const int MostConnections = 8;

    private static readonly TimeSpan BusyPause = TimeSpan.FromMilliseconds(5);

    private readonly Lock _gate = new();
    private readonly string? _uri = ConnectionUri.WithoutPrompt(uri);
    private readonly List<ConnectionHandle> _handles = [];
    private Task<ConnectionHandle>[] _hanging = [];
    private Task<ConnectionHandle>? _attempt;
    private long _attemptStarted;
    private bool _isClosed;

    public bool IsReadOnly => isReadOnly;

    /// <summary>The URI as libvirt has resolved it; the one that was asked for until then.</summary>
    public string Uri { get; private set; } = uri ?? string.Empty;

    public bool IsAlive
    {
        get
        {
            lock (_gate)
            {
                return _handles.Exists(handle => handle.IsAlive);
            }
        }
    }

    /// <summary>Opens the first connection, unless there is one.</summary>
    /// <param name="limit">How long to wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LibvirtException">It cannot be opened, or not within the limit.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public void Open(TimeSpan limit, CancellationToken cancellationToken)
    {
        if (!IsAlive)
        {
            AwaitAttempt(limit, limit, cancellationToken);
        }
    }

    /// <summary>A connection for one call, which gives it back or gives it up. It belongs to the link.</summary>
    /// <inheritdoc cref="Open"/>
    public ConnectionHandle Take(TimeSpan limit, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryTake(out bool mayOpen) is ConnectionHandle taken)
            {
                return taken;
            }

            TimeSpan left = limit - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
            {
                GiveAllUp();
                throw TimedOut(limit);
            }

            if (mayOpen)
            {
                AwaitAttempt(limit, left, cancellationToken);
            }
            else
            {
                cancellationToken.WaitHandle.WaitOne(BusyPause);
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isClosed = true;
            _handles.ForEach(handle => handle.Dispose());
            _handles.Clear();
        }
    }

    private ConnectionHandle? TryTake(out bool mayOpen)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(LibvirtConnection));
            foreach (ConnectionHandle lost in _handles.FindAll(handle => !handle.IsAlive))
            {
                // Where a call still hangs in it, the garbage collector closes it afterwards.
                _handles.Remove(lost);
                if (lost.TryTake())
                {
                    lost.Dispose();
                }
            }

            mayOpen = _handles.Count < MostConnections;
            return _handles.Find(handle => handle.TryTake());
        }
    }

    /// <summary>Calls hang in all of them, and the daemon may have been replaced since.</summary>
    private void GiveAllUp()
    {
        lock (_gate)
        {
            _handles.ForEach(handle => handle.GiveUp());
        }
    }

    private void AwaitAttempt(TimeSpan limit, TimeSpan left, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Task<ConnectionHandle> attempt = JoinAttempt(limit);
        if (!BlockingCall.TryWait(attempt, left, cancellationToken))
        {
            throw TimedOut(limit);
        }

        _ = attempt.GetAwaiter().GetResult();
    }

    private Task<ConnectionHandle> JoinAttempt(TimeSpan limit)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(LibvirtConnection));
            if (_attempt is { IsCompleted: false } && Stopwatch.GetElapsedTime(_attemptStarted) < limit)
            {
                return _attempt;
            }

            // The daemon may have been replaced since, so an attempt that hangs does not keep the next one from being made.
            _hanging = [.. _hanging.Append(_attempt).OfType<Task<ConnectionHandle>>().Where(attempt => !attempt.IsCompleted)];
            if (_hanging.Length >= MostHangingAttempts)
            {
                throw TimedOut(limit);
            }

            _attempt = BlockingCall.Start(OpenAnother);
            _attemptStarted = Stopwatch.GetTimestamp();
            return _attempt;
        }
    }

    private unsafe ConnectionHandle OpenAnother()
    {
        nint pointer = isReadOnly ? LibvirtNative.ConnectOpenReadOnly(_uri) : LibvirtNative.ConnectOpen(_uri);
        if (pointer == 0)
        {
            throw LibvirtErrors.Take($"There is no connection to {uri ?? "libvirt's default URI"}", _uri ?? uri, isOpening: true);
        }

        ConnectionHandle opened = ConnectionHandle.Own(pointer);
        LibvirtEventLoop.WatchOver(opened);
        string? resolved = LibvirtNative.TakeString(LibvirtNative.ConnectGetUri(opened));
        return Keep(opened, resolved);
    }

    /// <summary>Makes an opened connection the link's own, unless the link was closed or has enough by now.</summary>
    private ConnectionHandle Keep(ConnectionHandle opened, string? resolved)
    {
        lock (_gate)
        {
            if (_isClosed || _handles.Count >= MostConnections)
            {
                opened.Dispose();
                ObjectDisposedException.ThrowIf(_isClosed, typeof(LibvirtConnection));
                return opened;
            }

            _handles.Add(opened);
            Uri = resolved ?? Uri;
            return opened;
        }
    }

    private LibvirtException TimedOut(TimeSpan limit) => LibvirtErrors.TimedOut(
        $"There is no connection to {uri ?? "libvirt's default URI"}",
        limit,
        "Check that the daemon or the host at the other end runs and answers, and that no firewall drops the connection.");
}
