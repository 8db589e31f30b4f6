namespace VirtioFs.DeviceEngine.Tests;

/// <summary>What this process holds of the kernel's: descriptors, mappings of guests' memory, and the engine's threads.</summary>
internal sealed record ProcessTally(string[] Descriptors, int Mappings, int Threads)
{
    internal static ProcessTally Take() => new(
        ListDescriptors(),
        File.ReadLines("/proc/self/maps").Count(line => line.Contains("guest-memory", StringComparison.Ordinal)),
        CountThreads());

    /// <summary>Waits until the process holds no more than before.</summary>
    internal void IsReachedAgain() => Eventually.Holds(() => HasNoMoreThan(Take()), () => Explain(Take()));

    private bool HasNoMoreThan(ProcessTally now) =>
        now.Descriptors.Length <= Descriptors.Length && now.Mappings <= Mappings && now.Threads <= Threads;

    private string Explain(ProcessTally now)
    {
        List<string> more = [.. now.Descriptors];
        foreach (string descriptor in Descriptors)
        {
            more.Remove(descriptor);
        }

        return $"Before: {Descriptors.Length} descriptors, {Mappings} mappings, {Threads} threads; now: {now.Descriptors.Length}, {now.Mappings}, "
            + $"{now.Threads}. New descriptors: {string.Join(", ", more)}";
    }

    // An assembly that the runtime loads late stays open for good, and is none of ours.
    private static string[] ListDescriptors() =>
        [.. Directory.GetFileSystemEntries("/proc/self/fd").Select(path => new FileInfo(path).LinkTarget ?? "").Where(target => target.Length > 0
            && Path.GetExtension(target) is not (".dll" or ".pdb"))];

    /// <summary>The process's threads whose names begin so.</summary>
    internal static int CountThreads(string prefix = "vfs")
    {
        int count = 0;
        foreach (string task in Directory.GetDirectories("/proc/self/task"))
        {
            try
            {
                count += File.ReadAllText(Path.Combine(task, "comm")).StartsWith(prefix, StringComparison.Ordinal) ? 1 : 0;
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
        }

        return count;
    }
}
