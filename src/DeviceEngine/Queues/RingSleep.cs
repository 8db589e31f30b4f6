using System.Diagnostics;
using VirtioFs.DeviceEngine.Rings;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>How the thread that serves a ring waits for the guest: it watches the dry ring for a while, then sleeps until a kick.</summary>
internal sealed class RingSleep(VirtQueue queue, RingTurn turn, int pollMicroseconds)
{
    private readonly PollWindow _window = new(pollMicroseconds);
    private readonly PollEntry[] _entries = new PollEntry[2];
    private int _emptyKicks;

    private bool MustLookUp => turn.IsWanted || queue.HasOfferedMemory;

    /// <summary>Waits until the guest starts the ring. False when something else is to be done first.</summary>
    internal bool TryAwaitFirstKick()
    {
        while (!MustLookUp)
        {
            if (!TrySleep())
            {
                return false;
            }

            if (queue.Setup.IsStarted)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Waits until the ring may have something, or something else is to be done. False when the ring cannot be waited for.</summary>
    internal bool TryAwaitRequest()
    {
        if (MustLookUp || TryPoll())
        {
            return true;
        }

        if (queue.Setup.NeedsPolling)
        {
            // No kick will come; a guest that asked for this wants answers sooner than its host wants its processor back.
            NapBetweenPolls();
            return true;
        }

        if (queue.Used.TryAskForKick() && !TrySleep())
        {
            return false;
        }

        if (!MustLookUp)
        {
            queue.Used.DeclineKicks();
        }

        return true;
    }

    /// <summary>Watches the dry ring for a while. True when there is something to do.</summary>
    private bool TryPoll()
    {
        long window = queue.Setup.NeedsPolling ? _window.Maximum : _window.Ticks;
        if (window == 0)
        {
            return false;
        }

        SplitRing ring = queue.Ring!;
        queue.Counters.Polls++;
        long end = Stopwatch.GetTimestamp() + window;
        do
        {
            Thread.SpinWait(4);
            if (ring.CountAvailable() != 0)
            {
                queue.Counters.SuccessfulPolls++;
                _window.NoteFind();
                return true;
            }
        }
        while (!MustLookUp && Stopwatch.GetTimestamp() < end);
        return false;
    }

    /// <summary>Sleeps until the guest kicks or somebody interrupts. False when the kick descriptor cannot be waited for.</summary>
    private bool TrySleep()
    {
        const int ManyEmptyKicks = 1000;
        long before = Stopwatch.GetTimestamp();
        _entries[0] = new PollEntry { Descriptor = turn.Wake, Events = Poll.Readable };
        _entries[1] = new PollEntry { Descriptor = queue.Setup.Kick, Events = Poll.Readable };
        _ = Poll.Wait(_entries, -1);
        if (_entries[0].Happened != 0)
        {
            _ = EventFd.Drain(turn.Wake);
        }

        if (_entries[1].Happened == 0)
        {
            return true;
        }

        _emptyKicks = EventFd.Drain(queue.Setup.Kick) ? 0 : _emptyKicks + 1;
        if ((_entries[1].Happened & Poll.Readable) == 0 || _emptyKicks > ManyEmptyKicks)
        {
            queue.Used.Fail("Its kick descriptor is not one that can be waited for: it is closed on the other side, or no event descriptor.");
            return false;
        }

        queue.Counters.Kicks++;
        queue.Setup.IsStarted = true;
        _window.NoteSleep(Stopwatch.GetTimestamp() - before);
        return true;
    }

    private void NapBetweenPolls()
    {
        const int NapMilliseconds = 1;
        _entries[0] = new PollEntry { Descriptor = turn.Wake, Events = Poll.Readable };
        if (Poll.Wait(_entries.AsSpan(0, 1), NapMilliseconds) > 0)
        {
            _ = EventFd.Drain(turn.Wake);
        }
    }
}
