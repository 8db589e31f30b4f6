using System.Diagnostics;

namespace VirtioFs.LibvirtXml;

/// <summary>
/// The way to one URI. It is opened when it is needed and again after it was lost, by one attempt at a time that all who need it wait
/// for, each for as long as it likes.
/// </summary>
internal sealed class ConnectionLink(string? uri, bool isReadOnly) : IDisposable
{
    /// <summary>How many attempts may hang at once: each holds a thread until the other end lets go.</summary>
    private const int MostHangingAttempts = 4;

    private readonly Lock _gate = new();
    private readonly string? _uri = ConnectionUri.WithoutPrompt(uri);
    private Task<ConnectionHandle>[] _hanging = [];
    private Task<ConnectionHandle>? _attempt;
    private long _attemptStarted;
    private ConnectionHandle? _handle;
    private bool _isClosed;

    public bool IsReadOnly => isReadOnly;

    /// <summary>The URI as libvirt has resolved it; the one that was asked for until then.</summary>
    public string Uri { get; private set; } = uri ?? string.Empty;

    public bool IsAlive => _handle is { IsAlive: true };

    /// <summary>The open connection. It belongs to the link.</summary>
    /// <param name="limit">How long to wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LibvirtException">It cannot be opened, or not within the limit.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public ConnectionHandle Obtain(TimeSpan limit, CancellationToken cancellationToken)
    {
        if (_handle is { IsAlive: true } alive)
        {
            return alive;
        }

        cancellationToken.ThrowIfCancellationRequested();
        Task<ConnectionHandle> attempt = JoinAttempt(limit);
        if (BlockingCall.TryWait(attempt, limit, cancellationToken))
        {
            return attempt.GetAwaiter().GetResult();
        }

        throw TimedOut(limit);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isClosed = true;
            _handle?.Dispose();
            _handle = null;
        }
    }

    private Task<ConnectionHandle> JoinAttempt(TimeSpan limit)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(LibvirtConnection));
            if (_handle is { IsAlive: true } alive)
            {
                return Task.FromResult(alive);
            }

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

            _attempt = BlockingCall.Start(Open);
            _attemptStarted = Stopwatch.GetTimestamp();
            return _attempt;
        }
    }

    private unsafe ConnectionHandle Open()
    {
        nint pointer = isReadOnly ? LibvirtNative.ConnectOpenReadOnly(_uri) : LibvirtNative.ConnectOpen(_uri);
        if (pointer == 0)
        {
            throw LibvirtErrors.Take($"There is no connection to {uri ?? "libvirt's default URI"}", _uri ?? uri, isOpening: true);
        }

        ConnectionHandle opened = ConnectionHandle.Own(pointer);

        // Drivers without a daemon, and daemons before libvirt 0.9.8, have no keepalive; that is no reason to do without the connection.
        _ = LibvirtNative.ConnectSetKeepAlive(opened, LibvirtEventLoop.KeepAliveInterval, LibvirtEventLoop.KeepAliveCount);
        LibvirtNative.ResetLastError();
        string? resolved = LibvirtNative.TakeString(LibvirtNative.ConnectGetUri(opened));
        return Keep(opened, resolved);
    }

    /// <summary>Makes an opened connection the link's own, unless the link was closed or another attempt was faster.</summary>
    private ConnectionHandle Keep(ConnectionHandle opened, string? resolved)
    {
        lock (_gate)
        {
            if (_isClosed || _handle is { IsAlive: true })
            {
                opened.Dispose();
                ObjectDisposedException.ThrowIf(_isClosed, typeof(LibvirtConnection));
                return _handle!;
            }

            _handle?.Dispose();
            _handle = opened;
            Uri = resolved ?? Uri;
            return opened;
        }
    }

    private LibvirtException TimedOut(TimeSpan limit) => LibvirtErrors.TimedOut(
        $"There is no connection to {uri ?? "libvirt's default URI"}",
        limit,
        "Check that the daemon or the host at the other end runs and answers, and that no firewall drops the connection.");
}
