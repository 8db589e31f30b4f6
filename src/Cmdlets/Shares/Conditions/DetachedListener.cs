using VirtioFs.DeviceEngine.Control;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Hears the changes of a detached share's state on a thread of its own, until nobody wants them or the process has ended.</summary>
internal sealed class DetachedListener
{
    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(1);

    private readonly DetachedShare _share;
    private readonly Action<ShareStateChangedEventArgs> _tell;
    private readonly Func<bool> _isWanted;
    private ShareState _state;

    private DetachedListener(DetachedShare share, Action<ShareStateChangedEventArgs> tell, Func<bool> isWanted) =>
        (_share, _tell, _isWanted, _state) = (share, tell, isWanted, share.State);

    /// <summary>Begins.</summary>
    /// <param name="share">The share.</param>
    /// <param name="tell">Told each change.</param>
    /// <param name="isWanted">Asked every second.</param>
    internal static void Begin(DetachedShare share, Action<ShareStateChangedEventArgs> tell, Func<bool> isWanted)
    {
        DetachedFeed? feed = null;
        try
        {
            // What happens once the handler is registered must not be missed.
            feed = share.Follow();
        }
        catch (IOException)
        {
            // Tried again.
        }

        new Thread(() => new DetachedListener(share, tell, isWanted).RunSafely(feed)) { IsBackground = true, Name = "vfs-listen" }.Start();
    }

    private void RunSafely(DetachedFeed? feed)
    {
        try
        {
            Run(feed);
        }
#pragma warning disable CA1031 // The last resort of a thread in somebody's shell, which hears nothing of this share any more.
        catch (Exception)
#pragma warning restore CA1031
        {
            feed?.Dispose();
        }
    }

    private void Run(DetachedFeed? feed)
    {
        while (_isWanted() && !_share.HasEnded)
        {
            try
            {
                using DetachedFeed present = feed ?? _share.Follow();
                Hear(present);
            }
            catch (IOException)
            {
                // It does not answer now, and may again.
                Thread.Sleep(s_wait);
            }

            feed = null;
        }

        feed?.Dispose();
        if (_share.HasEnded)
        {
            TellEnd();
        }
    }

    private void Hear(DetachedFeed feed)
    {
        Tell(feed.State, null);
        while (_isWanted() && !feed.IsOver)
        {
            foreach (ShareChange change in feed.TakeChanges(s_wait))
            {
                Tell(change.Current, change.Reason);
            }
        }
    }

    private void TellEnd()
    {
        try
        {
            _share.Refresh();
        }
        catch (IOException)
        {
            // It has ended all the same.
        }

        Tell(_share.State is ShareState.Faulted ? ShareState.Faulted : ShareState.Stopped, _share.FaultReason);
    }

    private void Tell(ShareState state, string? reason)
    {
        if (state != _state)
        {
            ShareState previous = _state;
            _state = state;
            _tell(new ShareStateChangedEventArgs(previous, state, reason));
        }
    }
}
