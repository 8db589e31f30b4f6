namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// Shows whether a thread is inside of a host call, and in which of its calls. The thread pays two plain writes and reads for a call; what
/// it takes to know for sure that it is still inside is paid by who asks (membarrier(2)).
/// </summary>
internal sealed class CallMark(ICallOwner owner)
{
    // Odd inside of a call.
    private long _sequence;
    private volatile bool _challenged;

    internal ICallOwner Owner => owner;

    internal long Sequence => Volatile.Read(ref _sequence);

    /// <summary>The watch's own note: the sequence at its last look.</summary>
    internal long LastSeen { get; set; }

    /// <summary>The watch's own note: when it saw <see cref="LastSeen"/> first.</summary>
    internal long SeenSince { get; set; }

    /// <summary>The watch's own note: others do the thread's work, so this call may take as long as it takes.</summary>
    internal bool IsLeftBehind { get; set; }

    internal static bool IsInside(long sequence) => (sequence & 1) != 0;

    /// <summary>The thread begins a call.</summary>
    internal void Enter()
    {
        Volatile.Write(ref _sequence, _sequence + 1);
        if (CallWatch.IsAsleep)
        {
            CallWatch.Wake();
        }
    }

    /// <summary>The thread is back. False when it was challenged meanwhile, and must ask its owner's lock what came of it.</summary>
    internal bool TryLeave()
    {
        Volatile.Write(ref _sequence, _sequence + 1);
        return !_challenged;
    }

    /// <summary>
    /// Whether the thread is inside of a call now; when so, it does not pass <see cref="TryLeave"/> before <see cref="Settle"/>. The caller
    /// holds the owner's lock. The barrier stands in every thread between two of its instructions: a thread that has not ended its call
    /// by then reads the challenge after it, and one that has is seen to.
    /// </summary>
    internal bool TryChallenge(long sequence)
    {
        _challenged = true;
        Interlocked.MemoryBarrierProcessWide();
        if (Sequence == sequence)
        {
            return true;
        }

        _challenged = false;
        return false;
    }

    /// <summary>Ends a challenge, under the owner's lock.</summary>
    internal void Settle() => _challenged = false;
}
