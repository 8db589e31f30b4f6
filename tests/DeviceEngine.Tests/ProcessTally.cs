namespace VirtioFs.DeviceEngine.Tests;

/// <summary>What this process holds of the kernel's: descriptors, mappings of guests' memory, and the engine's threads.</summary>
internal readonly record struct ProcessTally(int Descriptors, int Mappings, int Threads)
{
    internal static ProcessTally Take() => new(
        Directory.GetFileSystemEntries("/proc/self/fd").Length,
        File.ReadLines("/proc/self/maps").Count(line => line.Contains("guest-memory", StringComparison.Ordinal)),
        CountThreads());

    /// <summary>Waits until the process holds no more than before.</summary>
    internal void IsReachedAgain()
    {
        ProcessTally before = this;
        Eventually.Holds(() => Take() is ProcessTally now && now.Descriptors <= before.Descriptors
            && now.Mappings <= before.Mappings && now.Threads <= before.Threads, () => $"Before: {before}; now: {Take()}");
    }

    private static int CountThreads()
    {
        int count = 0;
        foreach (string task in Directory.GetDirectories("/proc/self/task"))
        {
            try
            {
                count += File.ReadAllText(Path.Combine(task, "comm")).StartsWith("vfs", StringComparison.Ordinal) ? 1 : 0;
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
        }

        return count;
    }
}
