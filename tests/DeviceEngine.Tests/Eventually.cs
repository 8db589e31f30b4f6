using System.Diagnostics;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>Waits for a state, with a limit.</summary>
internal static class Eventually
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    internal static void Holds(Func<bool> condition, Func<string> complaint)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > s_limit)
            {
                Assert.Fail(complaint());
            }

            Thread.Sleep(2);
        }
    }
}
