using System.Globalization;

namespace VirtioFs.Bench.BackEnds;

/// <summary>The processor time that a process and its children have used, by thread, in nanoseconds (<c>proc(5)</c>, schedstat).</summary>
/// <remarks>Within this very process the calling thread, which makes the load, is left out.</remarks>
internal sealed class ProcessorTime
{
    private readonly Dictionary<int, long> _byThread = [];

    private ProcessorTime()
    {
    }

    /// <summary>What the process has used up to now.</summary>
    public static ProcessorTime Of(int processId)
    {
        ProcessorTime time = new();
        time.Add(processId, processId == Environment.ProcessId ? OwnThread() : 0);
        return time;
    }

    /// <summary>What was used between two looks. A thread that ended between them counts up to the first.</summary>
    public static TimeSpan operator -(ProcessorTime later, ProcessorTime earlier)
    {
        long nanoseconds = later._byThread.Sum(thread => thread.Value - earlier._byThread.GetValueOrDefault(thread.Key));
        return TimeSpan.FromMicroseconds(nanoseconds / 1e3);
    }

    private void Add(int processId, int leftOut)
    {
        foreach (string task in Tasks(processId))
        {
            int thread = int.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture);
            if (thread == leftOut || !TryRead($"{task}/schedstat", out string times))
            {
                continue;
            }

            _byThread[thread] = long.Parse(times.AsSpan(0, times.IndexOf(' ')), CultureInfo.InvariantCulture);
            if (TryRead($"{task}/children", out string children))
            {
                foreach (string child in children.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                {
                    Add(int.Parse(child, CultureInfo.InvariantCulture), leftOut);
                }
            }
        }
    }

    private static string[] Tasks(int processId)
    {
        try
        {
            return Directory.GetDirectories($"/proc/{processId}/task");
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    private static bool TryRead(string path, out string text)
    {
        try
        {
            text = File.ReadAllText(path);
            return text.Length > 0;
        }
        catch (IOException)
        {
            text = string.Empty;
            return false;
        }
    }

    private static int OwnThread() =>
        int.Parse(Path.GetFileName(new FileInfo("/proc/thread-self").LinkTarget!), CultureInfo.InvariantCulture);
}
