using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Wakes a cmdlet when a share changes its state; a detached one is asked again and again.</summary>
internal sealed class ShareChanges : IDisposable
{
    private static readonly TimeSpan s_askOften = TimeSpan.FromMilliseconds(50);

    private readonly SemaphoreSlim _changed = new(0);
    private readonly Share? _own;

    internal ShareChanges(IRunningShare share)
    {
        _own = share as Share;
        _own?.StateChanged += OnChanged;
    }

    /// <summary>Waits until a condition holds, which is asked after each change and, for what changes no state, at least so often.</summary>
    /// <returns>False when the time is over first.</returns>
    /// <exception cref="OperationCanceledException">The user has stopped the pipeline.</exception>
    internal bool TryAwait(Func<bool> condition, TimeSpan limit, TimeSpan often, CancellationToken cancellation)
    {
        often = _own is null && often > s_askOften ? s_askOften : often;
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

    public void Dispose() => _own?.StateChanged -= OnChanged;

    // The semaphore has nothing to free as long as nobody asks for its handle, and a late event must find it.
    private void OnChanged(object? sender, ShareStateChangedEventArgs change) => _changed.Release();
}
