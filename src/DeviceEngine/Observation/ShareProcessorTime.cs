using System.Globalization;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.DeviceEngine.Observation;

/// <summary>The processor time of a share's threads, which are found by their names.</summary>
internal static class ShareProcessorTime
{
    // USER_HZ is 100 on every Linux that .NET runs on (proc(5)).
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(10);

    /// <summary>User and system time of the threads that there are now.</summary>
    internal static TimeSpan Of(Share share)
    {
        string prefix = $"vfs{share.Id.ToString(CultureInfo.InvariantCulture)}-";
        long ticks = 0;
        foreach (string thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            try
            {
                string status = File.ReadAllText($"{thread}/stat");
                int open = status.IndexOf('(', StringComparison.Ordinal), close = status.LastIndexOf(')');
                if (!status.AsSpan(open + 1).StartsWith(prefix, StringComparison.Ordinal))
                {
                    continue;
                }

                // The state is the third field; user and system time are the 14th and 15th.
                string[] fields = status[(close + 2)..].Split(' ');
                ticks += long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // The thread has ended.
            }
        }

        return s_tick * ticks;
    }
}
