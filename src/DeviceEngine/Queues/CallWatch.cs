using System.Diagnostics;
using VirtioFs.DeviceEngine.Threads;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// One thread for the process that looks every few milliseconds for threads that stay inside of one host call, and has them left behind.
/// It sleeps when nobody has made a call for a while, and ends when there is nobody to watch.
/// </summary>
internal static class CallWatch
{
    private const int StackSize = 256 * 1024;

    // A wake-up takes a processor from a thread that works: every 2 ms it costs 5 % where all processors are busy, every 10 ms it does not show.
    private const int PeriodMilliseconds = 10, QuietPeriods = 10;

    // Calls that nobody can be found to stand in for any more need no haste.
    private const int PatientMilliseconds = 50;
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(200);

    // A call that was slow is often followed by others of its kind, which together must not take long.
    private const int AlertMilliseconds = 1, AlertPeriods = 500;

    private static readonly object Gate = new();
    private static volatile CallMark[] s_marks = [];
    private static volatile bool s_isAsleep;
    private static Thread? s_thread;

    /// <summary>Whether a thread that begins a call must <see cref="Wake"/> the watch.</summary>
    internal static bool IsAsleep => s_isAsleep;

    internal static void Wake()
    {
        lock (Gate)
        {
            s_isAsleep = false;
            Monitor.PulseAll(Gate);
        }
    }

    internal static void Add(CallMark mark)
    {
        lock (Gate)
        {
            s_marks = [.. s_marks, mark];
            if (s_thread is null)
            {
                Thread thread = new(Run, StackSize) { IsBackground = true, Name = "vfs-watch" };
                ThreadStarter.Start(thread);
                s_thread = thread;
            }
        }
    }

    internal static void Remove(CallMark mark)
    {
        lock (Gate)
        {
            s_marks = Array.FindAll(s_marks, other => other != mark);
            Monitor.PulseAll(Gate);
        }
    }

    private static void Run()
    {
        int quiet = 0;
        int alert = 0;
        int pause = PeriodMilliseconds;
        while (TryAwaitTurn(pause))
        {
            bool isBusy = Look(out bool isPatient, out bool hasLeftBehind);
            quiet = isBusy ? 0 : quiet + 1;
            alert = hasLeftBehind ? AlertPeriods : Math.Max(0, alert - 1);
            pause = isPatient ? PatientMilliseconds : alert > 0 ? AlertMilliseconds : PeriodMilliseconds;
            if (quiet > QuietPeriods)
            {
                FallAsleep();
                quiet = 0;
            }
        }
    }

    /// <summary>Waits for the time of the next look. False when there is nobody to watch, and the thread ends.</summary>
    private static bool TryAwaitTurn(int milliseconds)
    {
        lock (Gate)
        {
            do
            {
                if (s_marks.Length == 0)
                {
                    s_isAsleep = false;
                    s_thread = null;
                    return false;
                }

                _ = Monitor.Wait(Gate, s_isAsleep ? Timeout.Infinite : milliseconds);
            }
            while (s_isAsleep || s_marks.Length == 0);
            return true;
        }
    }

    /// <summary>Whether somebody has made a call since the last look, or is inside of one still.</summary>
    private static bool Look(out bool isPatient, out bool hasLeftBehind)
    {
        hasLeftBehind = false;
        bool isBusy = false;
        bool isUrgent = false;
        long now = Stopwatch.GetTimestamp();
        foreach (CallMark mark in s_marks)
        {
            long sequence = mark.Sequence;
            if (sequence != mark.LastSeen)
            {
                (mark.LastSeen, mark.SeenSince, mark.IsLeftBehind) = (sequence, now, false);
                (isBusy, isUrgent) = (true, true);
            }
            else if (CallMark.IsInside(sequence) && !mark.IsLeftBehind)
            {
                TimeSpan inside = Stopwatch.GetElapsedTime(mark.SeenSince, now);
                isBusy = true;
                isUrgent |= inside < s_patience;
                mark.IsLeftBehind = TryLeaveBehind(mark, sequence, inside);
                hasLeftBehind |= mark.IsLeftBehind;
            }
        }

        isPatient = isBusy && !isUrgent;
        return isBusy;
    }

    private static bool TryLeaveBehind(CallMark mark, long sequence, TimeSpan inside)
    {
        try
        {
            return mark.Owner.TryLeaveBehind(sequence, inside);
        }
#pragma warning disable CA1031 // Where the system has nothing left for a stand-in, the caller goes on waiting, and the process lives.
        catch (Exception)
#pragma warning restore CA1031
        {
            return true;
        }
    }

    // A thread writes its mark before it looks whether the watch is asleep; here it is the other way round, with a barrier in all threads.
    private static void FallAsleep()
    {
        s_isAsleep = true;
        Interlocked.MemoryBarrierProcessWide();
        if (Look(out _, out _))
        {
            s_isAsleep = false;
        }
    }
}
