using System.Globalization;

namespace VirtioFs.LibvirtXml.Host;

/// <summary>What a request for hugepages leaves to everything else that runs on the host, or on one of its NUMA nodes.</summary>
/// <param name="Taken">The memory that the pool would take beyond what it has; 0 when it shrinks.</param>
/// <param name="Available">The memory that can be had without swapping (<c>MemAvailable</c>); null where the kernel does not say.</param>
/// <param name="Reserve">What the host itself should keep: a twentieth of its memory, from 256 MiB to 4 GiB.</param>
public sealed record HostMemory(ByteSize Taken, ByteSize? Available, ByteSize Reserve)
{
    private const long SmallestReserve = 256L << 20, LargestReserve = 4L << 30;

    /// <summary>Whether the host would have less than its reserve.</summary>
    public bool IsShort => Taken.Bytes > 0 && Available is ByteSize available && available.Bytes - Taken.Bytes < Reserve.Bytes;

    /// <summary>The memory that would be left; null where the kernel does not say.</summary>
    public ByteSize? Left => Available is ByteSize available ? new ByteSize(Math.Max(0, available.Bytes - Taken.Bytes)) : null;

    /// <summary>Reads what there is.</summary>
    /// <param name="taken">What would be taken.</param>
    /// <param name="nodeFile">The <c>meminfo</c> of the NUMA node; null for the whole host.</param>
    /// <param name="hostFile">The host's <c>/proc/meminfo</c>.</param>
    internal static HostMemory Read(ByteSize taken, string? nodeFile, string hostFile)
    {
        Dictionary<string, long> values = Values(File.Exists(nodeFile) ? nodeFile : hostFile);
        long total = values.GetValueOrDefault("MemTotal");
        long? available = values.TryGetValue("MemAvailable", out long known) ? known : values.ContainsKey("MemFree") ? EstimateOf(values) : null;
        return new HostMemory(
            taken,
            available is long bytes ? new ByteSize(bytes) : null,
            new ByteSize(Math.Clamp(total / 20, SmallestReserve, LargestReserve)));
    }

    /// <summary>A node has no MemAvailable; the kernel's own reckoning counts half of what it could drop (`si_mem_available`).</summary>
    private static long EstimateOf(Dictionary<string, long> values) =>
        values["MemFree"] + ((values.GetValueOrDefault("Active(file)") + values.GetValueOrDefault("Inactive(file)") + values.GetValueOrDefault("SReclaimable")) / 2);

    /// <summary>The lines <c>Name: 123 kB</c>, in bytes; those of a node begin with <c>Node 0</c>.</summary>
    private static Dictionary<string, long> Values(string file)
    {
        Dictionary<string, long> values = [];
        foreach (string line in ReadLines(file))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            int name = Array.FindIndex(words, word => word.EndsWith(':'));
            if (name >= 0 && name + 1 < words.Length
                && long.TryParse(words[name + 1], NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number <= long.MaxValue / 1024)
            {
                values[words[name].TrimEnd(':')] = number * 1024;
            }
        }

        return values;
    }

    private static string[] ReadLines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
