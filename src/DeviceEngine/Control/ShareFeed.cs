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

    private readonly BlockingCollection<ShareChange> _changes = new(MostChanges);
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
        List<ShareChange> changes = [];
        for (int left = Math.Clamp(wait, 0, LongestWait); _changes.TryTake(out ShareChange change, left); left = 0)
        {
            changes.Add(change);
        }

        return new ControlAnswer { Done = true, State = _share.State, Changes = changes, Operations = _watch?.Take() ?? [], Dropped = _watch?.Dropped ?? 0 };
    }

    /// <summary>Ends it. A late event must find the changes, so they are left to the collector.</summary>
    public void Dispose()
    {
        _share.StateChanged -= OnChanged;
        _watch?.Dispose();
    }

    private void OnChanged(object? sender, ShareStateChangedEventArgs change)
    {
        _ = _changes.TryAdd(new ShareChange(change.Previous, change.Current, change.Reason));
    }
}
