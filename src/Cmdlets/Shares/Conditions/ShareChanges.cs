using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Wakes a cmdlet when one of some shares changes its state.</summary>
internal sealed class ShareChanges : IDisposable
{
    private readonly SemaphoreSlim _changed = new(0);
    private readonly IReadOnlyList<Share> _shares;

    internal ShareChanges(params IReadOnlyList<Share> shares)
    {
        _shares = shares;
        foreach (Share share in shares)
        {
            share.StateChanged += OnChanged;
        }
    }

    /// <summary>Waits until a condition holds, which is asked after each change and, for what changes no state, at least so often.</summary>
    /// <returns>False when the time is over first.</returns>
    /// <exception cref="OperationCanceledException">The user has stopped the pipeline.</exception>
    internal bool TryAwait(Func<bool> condition, TimeSpan limit, TimeSpan often, CancellationToken cancellation)
    {
        long start = Environment.TickCount64;
        while (!condition())
        {
            TimeSpan left = limit == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : limit - TimeSpan.FromMilliseconds(Environment.TickCount64 - start);
            if (left <= TimeSpan.Zero)
            {
                return false;
            }

            _ = _changed.Wait(left < often ? left : often, cancellation);
        }

        return true;
    }

    public void Dispose()
    {
        foreach (Share share in _shares)
        {
            share.StateChanged -= OnChanged;
        }
    }

    // The semaphore has nothing to free as long as nobody asks for its handle, and a late event must find it.
    private void OnChanged(object? sender, ShareStateChangedEventArgs change) => _changed.Release();
}
