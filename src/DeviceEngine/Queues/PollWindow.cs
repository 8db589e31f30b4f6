using System.Diagnostics;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// How long a worker watches a dry ring before it sleeps. Short sleeps say that watching a little longer would have saved one; long ones
/// say that watching is wasted. So an idle guest costs nothing.
/// </summary>
/// <remarks>
/// A short sleep right after the longest watch is another matter: most likely the guest runs on this very processor, and could not while
/// it was watched. Then nothing is watched for a number of sleeps, which doubles each time that this happens again.
/// </remarks>
internal sealed class PollWindow(int maximumMicroseconds)
{
    private const int FirstMicroseconds = 10;
    private const int MissesInARow = 2, ShortestPause = 64, LongestPause = 2048;
    private readonly long _first = Math.Min(TicksOf(FirstMicroseconds), TicksOf(maximumMicroseconds));
    private int _misses;
    private int _pause;
    private int _nextPause = ShortestPause;

    /// <summary>The longest window, in ticks of <see cref="Stopwatch"/>.</summary>
    internal long Maximum { get; } = TicksOf(maximumMicroseconds);

    /// <summary>The window, in ticks of <see cref="Stopwatch"/>; 0 for none.</summary>
    internal long Ticks { get; private set; }

    /// <summary>Learns from a sleep that a kick ended.</summary>
    internal void NoteSleep(long ticks)
    {
        if (_pause > 0)
        {
            _pause--;
        }
        else if (ticks > Maximum)
        {
            Ticks = Shrink(Ticks);
        }
        else if (Ticks < Maximum)
        {
            Ticks = Math.Min(Math.Max(Ticks * 2, _first), Maximum);
        }
        else if (++_misses == MissesInARow)
        {
            (Ticks, _misses, _pause) = (0, 0, _nextPause);
            _nextPause = Math.Min(_nextPause * 2, LongestPause);
        }
    }

    /// <summary>Learns that watching found something.</summary>
    internal void NoteFind() => (_misses, _nextPause) = (0, ShortestPause);

    private long Shrink(long ticks) => ticks / 2 < _first ? 0 : ticks / 2;

    private static long TicksOf(int microseconds) => Stopwatch.Frequency / 1_000_000 * microseconds;
}
