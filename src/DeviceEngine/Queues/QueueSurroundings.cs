using System.Diagnostics.CodeAnalysis;
using VirtioFs.DeviceEngine.Memory;
using VirtioFs.DeviceEngine.Rings;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// What the queues of one device have in common: guest memory and its dirty log, the features that the driver agreed on, and what their
/// requests need of the share.
/// </summary>
/// <param name="share">What outlasts the device.</param>
/// <param name="maximumQueueSize">Entries that a ring may have.</param>
/// <param name="pollMicroseconds">How long a dry ring is watched at most.</param>
internal sealed class QueueSurroundings(ShareWork share, int maximumQueueSize, int pollMicroseconds)
{
    private volatile GuestMemory _memory = GuestMemory.CreateEmpty();
    private volatile DirtyLog? _activeLog;

    internal int MaximumQueueSize => maximumQueueSize;

    internal int PollMicroseconds => pollMicroseconds;

    internal ServingThreads Threads => share.Threads;

    internal DeferredRequests Deferred => share.Deferred;

    /// <summary>Whether nobody waits for the device's work any more: the share stops, or the front end has gone.</summary>
    internal Func<bool> IsAbandoned => share.IsAbandoned;

    /// <summary>The newest table. Only the control thread may use it without holding it.</summary>
    internal GuestMemory Memory
    {
        get => _memory;
        set => _memory = value;
    }

    /// <summary>Of the driver that has the device now.</summary>
    internal RingFeatures RingFeatures { get; set; }

    /// <summary>Whether writes into guest memory are to be logged now, as while it is being moved to another host.</summary>
    internal bool IsLogging => _activeLog is not null;

    /// <summary>Logs writes into guest memory from here on; null ends that.</summary>
    internal void UseLog(DirtyLog? log) => _activeLog = log;

    /// <summary>The dirty log, if writes into guest memory are to be logged now; the caller lets go of it.</summary>
    internal bool TryHoldLog([NotNullWhen(true)] out DirtyLog? log)
    {
        do
        {
            log = _activeLog;
        }
        while (log is not null && !log.TryHold());
        return log is not null;
    }

    /// <summary>Takes the guest's memory from requests that hang, so that rings can rest without them. Null, or why that is not possible, as a sentence.</summary>
    internal Func<string?> ParkRequests { get; set; } = static () => null;

    /// <summary>Ends the session, since the front end would wait without end. Answers the reason.</summary>
    internal string GiveUp(string reason)
    {
        if (!share.IsAbandoned())
        {
            share.NoteTrouble(reason);
            share.Disconnect();
        }

        return reason;
    }

    internal QueueWorker StartWorker(VirtQueue queue) => new(this, queue, $"vfs{share.ShareId}-q{queue.Index}");

    internal void NoteRingFault(string reason) => share.NoteTrouble(reason);
}
