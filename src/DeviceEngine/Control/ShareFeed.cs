using System.Collections.Concurrent;
using VirtioFs.DeviceEngine.Observation;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Wire;

namespace VirtioFs.DeviceEngine.Control;

/// <summary>What happens to a share of this process, kept for one who follows it over the control socket. What is kept is bounded.</summary>
internal sealed class ShareFeed : IDisposable
{
    private const int MostChanges = 1024;
    private const int LargestWatch = 1 << 20;
    private const int LongestWait = 60_000;

    private readonly ConcurrentQueue<ShareChange> _changes = new();
    private readonly SemaphoreSlim _changed = new(0);
    private readonly Share _share;
    private readonly ShareWatch? _watch;

    /// <summary>Begins.</summary>
    /// <param name="share">The share.</param>
    /// <param name="request">What is asked of it.</param>
    internal ShareFeed(Share share, ControlRequest request)
    {
        _share = share;
        _share.StateChanged += OnChanged;
        _watch = request.Capacity <= 0
            ? null
            : new ShareWatch(share, Math.Min(request.Capacity, LargestWatch), request.Operations?.Select(number => (FuseOpcode)number).ToHashSet());
    }

    /// <summary>Answers what has happened since it was asked last.</summary>
    /// <param name="wait">How long to wait for a change of the state, in milliseconds.</param>
    internal ControlAnswer Take(int wait)
    {
        if (_changes.IsEmpty && wait > 0)
        {
            _ = _changed.Wait(Math.Min(wait, LongestWait));
        }

        List<ShareChange> changes = [];
        while (_changes.TryDequeue(out ShareChange? change))
        {
            changes.Add(change);
        }

        return new ControlAnswer { Done = true, State = _share.State, Changes = changes, Operations = _watch?.Take() ?? [], Dropped = _watch?.Dropped ?? 0 };
    }

    /// <summary>Ends it. The semaphore has nothing to free as long as nobody asks for its handle, and a late event must find it.</summary>
    public void Dispose()
    {
        _share.StateChanged -= OnChanged;
        _watch?.Dispose();
    }

    private void OnChanged(object? sender, ShareStateChangedEventArgs change)
    {
        if (_changes.Count < MostChanges)
        {
            _changes.Enqueue(new ShareChange(change.Previous, change.Current, change.Reason));
        }

        _changed.Release();
    }
}
