using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Server;
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
public sealed partial class Share : IRunningShare, IDisposable
{
    private static readonly TimeSpan s_stopPatience = TimeSpan.FromMilliseconds(900);

    private readonly TaskCompletionSource _stopped = new();
    private int _stopper;

    private readonly ShareStatus _status;
    private readonly ShareControl _control;

    private Share(ShareOptions options, int id, IFileSystem fileSystem, Func<IFileSystem?>? reopen)
    {
        (Options, Id) = (options, id);
        _status = new ShareStatus(this);
        _control = new ShareControl(options, id, fileSystem, reopen, _status);
    }

    /// <summary>Raised on a thread of the engine's that is in no jail, so a handler must be quick; what it throws is ignored.</summary>
    public event EventHandler<ShareStateChangedEventArgs>? StateChanged
    {
        add => _status.StateChanged += value;
        remove => _status.StateChanged -= value;
    }

    /// <inheritdoc cref="StateChanged"/>
    public event EventHandler<ShareNoteEventArgs>? Noted
    {
        add => _status.Noted += value;
        remove => _status.Noted -= value;
    }

    /// <summary>A number of its own in this process, never used again.</summary>
    public int Id { get; }

    /// <inheritdoc/>
    public int ProcessId => Environment.ProcessId;

    /// <inheritdoc/>
    public bool IsDetached => false;

    /// <summary>How it was started; the paths are absolute.</summary>
    public ShareOptions Options { get; }

    /// <summary>What it is doing.</summary>
    public ShareState State => _status.State;

    /// <summary>
    /// What went wrong last, as a sentence: why the share is faulted, why a front end was sent away, or why a ring was stopped. Null when
    /// nothing did.
    /// </summary>
    public string? FaultReason => _status.Reason;

    /// <summary>What a front end or its guest did wrong last, as a sentence; null when none did. It is kept until the next such event.</summary>
    public string? LastSessionError => _status.Trouble;

    /// <summary>The connected front end; null when there is none.</summary>
    public ShareGuest? Guest => State == ShareState.Connected ? _control.Guest : null;

    /// <summary>What confines each of the threads that answer the guest.</summary>
    public JailLayers JailLayers => _control.Jail?.Layers ?? JailLayers.None;

    /// <summary>The same as text, with the version of Landlock's interface.</summary>
    public string Jail => _control.Jail?.ToString() ?? nameof(JailLayers.None);

    /// <summary>Why the first of the layers that are left out is, as a sentence; null where none is, or none was wanted.</summary>
    public string? JailLacking => _control.Jail?.Lacking;

    /// <summary>When it was started.</summary>
    public DateTimeOffset StartedAt { get; } = DateTimeOffset.Now;

    /// <summary>Shares a directory. The socket listens when this returns.</summary>
    /// <exception cref="ArgumentException">An option is invalid.</exception>
    /// <exception cref="ShareConflictException">A share of this process has the socket or the tag already.</exception>
    /// <exception cref="SocketPathException">The socket's path is taken by something that must not be replaced.</exception>
    /// <exception cref="JailException">The threads cannot be confined as it is required.</exception>
    /// <exception cref="LinuxException">The directory cannot be opened, or the system refused something else.</exception>
    public static Share Start(ShareOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        SharedPath path = new(options);
        return Start(options, path.Open, path.TryOpenAgain);
    }

    /// <summary>Shares a file system of the caller's making, which the share owns from here on. <see cref="ShareOptions.Path"/> only names it.</summary>
    /// <inheritdoc cref="Start(ShareOptions)"/>
    public static Share Start(ShareOptions options, IFileSystem fileSystem)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(fileSystem);
        return Start(options, () => fileSystem, null);
    }

    /// <summary>
    /// Ends the share: the front end is disconnected, the socket's file is removed. Returns within a second. When a request is stuck in the
    /// host's file system even then, <see cref="FaultReason"/> says so, and what the share holds is let go when the request comes back.
    /// Stopping again does nothing; while another thread is about it, this returns when that has finished, so that whoever stopped it finds its names free.
    /// </summary>
    public void Stop()
    {
        if (!_control.TryBeginStop())
        {
            AwaitStopped();
            return;
        }

        Volatile.Write(ref _stopper, Environment.CurrentManagedThreadId);
        _control.RemoveSocketFile();
        bool ended = _control.TryJoin(s_stopPatience);
        if (!ended)
        {
            _status.NoteTrouble($"Share {Id} was stopped, but a request is stuck in the file system of '{Options.Path}'; its thread ends with it.");
        }

        _status.Change(ShareState.Stopped, ended ? null : FaultReason);
        ShareRegistry.Remove(this);
        _stopped.SetResult();
    }

    /// <summary>What was counted since the start.</summary>
    public ShareStatistics GetStatistics() => _control.GetStatistics();

    /// <summary>How often each FUSE operation was answered since the start.</summary>
    public OperationCounters CountOperations() => _control.CountOperations();

    /// <summary>Stops the share.</summary>
    public void Dispose() => Stop();

    internal void RemoveSocketFile() => _control.RemoveSocketFile();

    private void AwaitStopped()
    {
        // Not one of the share's own events, which the one who stops it may be waiting for.
        if (Volatile.Read(ref _stopper) != Environment.CurrentManagedThreadId && !_control.IsHere)
        {
            _ = _stopped.Task.Wait(s_stopPatience + s_stopPatience);
        }
    }

    private static Share Start(ShareOptions options, Func<IFileSystem> openFileSystem, Func<IFileSystem?>? reopen)
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
            ShareMeter.Begin();
            reservation = ShareRegistry.Reserve(options);
            fileSystem = openFileSystem();
            unownedListener = -1;
            Share share = new(options, reservation.ShareId, fileSystem, reopen);
            share._control.Start();
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
}
