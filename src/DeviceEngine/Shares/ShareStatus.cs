using VirtioFs.DeviceEngine.Threads;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Shares;

/// <summary>What a share is doing, what went wrong, and who is told. All members can be used from any thread.</summary>
/// <param name="sender">The share, as its events name it.</param>
internal sealed class ShareStatus(object sender)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private ShareState _state = ShareState.Waiting;
    private string? _fault;
    private string? _trouble;

    /// <inheritdoc cref="Share.StateChanged"/>
    internal event EventHandler<ShareStateChangedEventArgs>? StateChanged;

    /// <inheritdoc cref="Share.Noted"/>
    internal event EventHandler<ShareNoteEventArgs>? Noted;

    internal ShareState State
    {
        get
        {
            lock (_gate)
            {
                return _state;
            }
        }
    }

    /// <summary>Whether the share is at its end because of a fault of ours.</summary>
    internal bool IsFaulted => Volatile.Read(ref _fault) is not null;

    /// <inheritdoc cref="Share.FaultReason"/>
    internal string? Reason => Volatile.Read(ref _fault) ?? Trouble;

    /// <inheritdoc cref="Share.LastSessionError"/>
    internal string? Trouble => Volatile.Read(ref _trouble);

    /// <summary>Notes what a front end, its guest or the host did wrong. The share goes on.</summary>
    internal void NoteTrouble(string reason)
    {
        Volatile.Write(ref _trouble, reason);
        Note(ShareNoteKind.Trouble, reason);
    }

    internal void Note(ShareNoteKind kind, string text) => OutsideOfJail(() => Raise(Noted, new ShareNoteEventArgs(kind, text)));

    /// <summary>Notes a fault that ends the share. False when there was one already.</summary>
    internal bool TryFail(string reason) => Interlocked.CompareExchange(ref _fault, reason, null) is null;

    /// <summary>Changes the state and tells everybody. A share that is stopped stays so, and a faulted one can only be stopped.</summary>
    internal void Change(ShareState state, string? reason)
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

        OutsideOfJail(() =>
        {
            Raise(StateChanged, new ShareStateChangedEventArgs(previous, state, reason));
            ShareRegistry.RaiseChanged();
        });
    }

    /// <summary>Runs what is not the engine's own: a subscriber must not find itself in the jail. One that takes long is not waited for.</summary>
    private static void OutsideOfJail(Action action)
    {
        if (!ThreadJail.IsHere)
        {
            action();
            return;
        }

        Thread thread = new(action.Invoke) { IsBackground = true, Name = "vfs-events" };
        try
        {
            ThreadStarter.Start(thread);
            _ = thread.Join(s_patience);
        }
        catch (OutOfMemoryException)
        {
            // The share's state can still be asked for.
        }
    }

    private void Raise<T>(EventHandler<T>? handlers, T happened)
    {
        foreach (EventHandler<T> handler in Delegate.EnumerateInvocationList(handlers))
        {
            try
            {
                handler(sender, happened);
            }
#pragma warning disable CA1031 // A subscriber's fault must not reach the share's own thread.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }
}
