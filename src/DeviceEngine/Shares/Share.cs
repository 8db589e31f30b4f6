namespace VirtioFs.DeviceEngine;

/// <summary>
/// One directory offered to one virtual machine at a time, under one tag, on one socket. All members can be used from any thread.
/// </summary>
/// <remarks>
/// The socket keeps listening. A front end that goes away, or that is sent away because it broke the rules, leaves the share waiting
/// for the next one, which gets a session of its own; <see cref="FaultReason"/> keeps why the last one was sent away.
/// </remarks>
public sealed class Share : IDisposable
{
    private readonly Lock _gate = new();
    private readonly ShareSocket _socket;
    private ShareState _state = ShareState.Waiting;

    private Share(ShareOptions options, int id, ShareSocket socket) => (Options, Id, _socket) = (options, id, socket);

    /// <summary>Raised on the thread that made the change; what a handler throws is ignored.</summary>
    public event EventHandler<ShareStateChangedEventArgs>? StateChanged;

    /// <summary>A number of its own in this process, never used again.</summary>
    public int Id { get; }

    /// <summary>How it was started; the paths are absolute.</summary>
    public ShareOptions Options { get; }

    /// <summary>What it is doing.</summary>
    public ShareState State => _state;

    /// <summary>
    /// What went wrong last, as a sentence: why the share is faulted, why a front end was sent away, or why a ring was stopped. Null when
    /// nothing did.
    /// </summary>
    public string? FaultReason { get; private set; }

    /// <summary>The connected front end; null when there is none.</summary>
    public ShareGuest? Guest { get; private set; }

    /// <summary>When it was started.</summary>
    public DateTimeOffset StartedAt { get; } = DateTimeOffset.Now;

    /// <summary>Shares a directory. The socket listens when this returns.</summary>
    /// <exception cref="ArgumentException">An option has no sense.</exception>
    /// <exception cref="DirectoryNotFoundException">The directory does not exist.</exception>
    /// <exception cref="ShareConflictException">A share of this process has the socket or the tag already.</exception>
    /// <exception cref="SocketPathException">The socket's path is taken by something that must not be replaced.</exception>
    /// <exception cref="Linux.LinuxException">The system refused.</exception>
    public static Share Start(ShareOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        options = options with { Path = Path.GetFullPath(options.Path), SocketPath = Path.GetFullPath(options.SocketPath) };
        Share share = new(options, ShareRegistry.TakeId(), ShareSocket.Open(options));
        ShareRegistry.Add(share);
        return share;
    }

    /// <summary>
    /// Ends the share: the front end is disconnected, the socket's file is removed. Returns within a second, also when a request is stuck
    /// in the host's file system. Stopping again does nothing.
    /// </summary>
    public void Stop()
    {
        lock (_gate)
        {
            if (_state == ShareState.Stopped)
            {
                return;
            }

            ShareState previous = _state;
            _state = ShareState.Stopped;
            _socket.Dispose();
            StateChanged?.Invoke(this, new ShareStateChangedEventArgs(previous, _state, null));
        }

        ShareRegistry.Remove(this);
    }

    /// <summary>What was counted since the start.</summary>
    public ShareStatistics GetStatistics() => new() { Sessions = Guest is null ? 0 : 1 };

    /// <summary>Stops the share.</summary>
    public void Dispose() => Stop();

    internal void RemoveSocketFile() => _socket.RemoveFile();
}
