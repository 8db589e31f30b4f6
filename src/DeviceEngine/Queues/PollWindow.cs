using System.Diagnostics;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// How long a worker watches a dry ring before it sleeps. Short sleeps say that watching a little longer would have saved one; long ones
/// say that watching is wasted. So an idle guest costs nothing.
/// </summary>
internal sealed class PollWindow(int maximumMicroseconds)
{
    private const int FirstMicroseconds = 10;
    private readonly long _first = Math.Min(TicksOf(FirstMicroseconds), TicksOf(maximumMicroseconds));

    /// <summary>The longest window, in ticks of <see cref="Stopwatch"/>.</summary>
    internal long Maximum { get; } = TicksOf(maximumMicroseconds);

    /// <summary>The window, in ticks of <see cref="Stopwatch"/>; 0 for none.</summary>
    internal long Ticks { get; private set; }

    /// <summary>Learns from a sleep that a kick ended.</summary>
    internal void NoteSleep(long ticks) =>
        Ticks = ticks <= Maximum ? Math.Min(Math.Max(Ticks * 2, _first), Maximum) : Shrink(Ticks);

    private long Shrink(long ticks) => ticks / 2 < _first ? 0 : ticks / 2;

    private static long TicksOf(int microseconds) => Stopwatch.Frequency / 1_000_000 * microseconds;
}
