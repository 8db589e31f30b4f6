using System.Globalization;

namespace VirtioFs.Guest.Harness;

/// <summary>What a process of the host holds at a moment.</summary>
/// <param name="Descriptors">Open descriptors.</param>
/// <param name="ResidentBytes">All memory, the guest's among it.</param>
/// <param name="PrivateBytes">Memory that is its own and no file's (<c>Anonymous</c> of <c>/proc/PID/smaps_rollup</c>).</param>
internal sealed record ProcessFigures(int Descriptors, long ResidentBytes, long PrivateBytes)
{
    public static ProcessFigures Of(int process)
    {
        Dictionary<string, string> memory = File.ReadLines($"/proc/{process}/smaps_rollup").Skip(1)
            .Select(line => line.Split(':')).ToDictionary(parts => parts[0], parts => parts[1].Replace("kB", "", StringComparison.Ordinal));
        return new ProcessFigures(DescriptorsOf(process), Bytes("Rss"), Bytes("Anonymous"));

        long Bytes(string name) => long.Parse(memory[name], CultureInfo.InvariantCulture) * 1024;
    }

    public static int DescriptorsOf(int process) => Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Count();
}
