using VirtioFs.DeviceEngine.Quotas;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// A share's threads for requests that block: they come with the work, up to a limit, and stay. One that hangs is not counted, so that
/// another one can come in its place. The lock of <see cref="DeferredRequests"/> guards it.
/// </summary>
/// <param name="limit">The most threads that do not hang.</param>
/// <param name="quota">What the process grants.</param>
/// <param name="make">Makes a thread, which begins with <see cref="BlockingThread.Start"/>.</param>
internal sealed class BlockingThreads(int limit, Quota quota, Func<BlockingThread> make)
{
    private const int MostStuck = RequestQuotas.MostStandIns;

    private readonly List<BlockingThread> _all = [];
    private int _stuck;

    /// <summary>Starts one more for work that waits, if there may be one more.</summary>
    internal void Call()
    {
        if (_all.Count - _stuck >= limit || !quota.TryTake())
        {
            return;
        }

        try
        {
            BlockingThread thread = make();
            thread.Start();
            _all.Add(thread);
        }
        catch (OutOfMemoryException) when (_all.Count > 0)
        {
            // The system has no thread for us; those that there are do the work.
            quota.GiveBack();
        }
    }

    /// <summary>Counts a thread no more that is inside of one call for long. False when it has come out of it, or too many hang already.</summary>
    internal bool TryGiveUp(BlockingThread thread, long sequence)
    {
        if (_stuck == MostStuck || !thread.Mark.TryChallenge(sequence))
        {
            return false;
        }

        thread.IsStuck = true;
        _stuck++;
        return true;
    }

    /// <summary>A thread came out of a call that it may have been given up in.</summary>
    internal void NoteBack(BlockingThread thread)
    {
        thread.Mark.Settle();
        _stuck -= thread.IsStuck ? 1 : 0;
        thread.IsStuck = false;
    }

    /// <summary>Lets a thread go that is one too many, since it hung and another one has come in its place.</summary>
    internal bool TryDismiss(BlockingThread thread) => _all.Count - _stuck > limit && _all.Remove(thread);

    internal BlockingThread[] List() => [.. _all];
}
