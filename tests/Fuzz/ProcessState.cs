namespace VirtioFs.Fuzz;

/// <summary>What this process holds.</summary>
internal readonly record struct ProcessState(int Descriptors, int Mappings, int Threads, long Memory)
{
    // What pools of the runtime, and the counters of coverage, may come to.
    private const long MemoryTolerance = 96L << 20;

    internal static ProcessState Take()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return new ProcessState(
            ListDescriptors().Count,
            File.ReadLines("/proc/self/maps").Count(line => line.Contains("guest-memory", StringComparison.Ordinal)),
            CountThreads(),
            ReadPrivateMemory());
    }

    /// <summary>Throws when the process does not come back to what it held.</summary>
    internal void CheckIsReachedAgain()
    {
        const int Tries = 100, NapMilliseconds = 100;
        ProcessState now = Take();
        for (int i = 0; i < Tries && !IsAtMost(now); i++)
        {
            Thread.Sleep(NapMilliseconds);
            now = Take();
        }

        if (!IsAtMost(now))
        {
            throw new FuzzFinding($"The process held {this}, and holds {now}. Its descriptors: {string.Join(", ", ListDescriptors())}");
        }
    }

    private bool IsAtMost(ProcessState now) => now.Descriptors <= Descriptors && now.Mappings <= Mappings && now.Threads <= Threads
        && now.Memory <= Memory + MemoryTolerance;

    // Without the assemblies, of which the runtime opens one when it is first needed.
    private static List<string> ListDescriptors() =>
    [
        .. Directory.GetFileSystemEntries("/proc/self/fd").Select(path => new FileInfo(path).LinkTarget ?? "gone")
            .Where(name => !name.EndsWith(".dll", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
    ];

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

    private static long ReadPrivateMemory()
    {
        string line = File.ReadLines("/proc/self/status").Single(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], System.Globalization.CultureInfo.InvariantCulture) << 10;
    }
}
