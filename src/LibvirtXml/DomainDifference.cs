using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Memory;

namespace VirtioFs.LibvirtXml;

/// <summary>What differs between two states of a domain, as far as this library knows its settings.</summary>
public static class DomainDifference
{
    /// <summary>Compares memory, virtual CPUs, memory backing and file systems.</summary>
    /// <param name="before">The domain before.</param>
    /// <param name="after">The domain after.</param>
    /// <returns>Each setting that differs.</returns>
    public static IEnumerable<Change> Between(Domain before, Domain after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        IEnumerable<Change> changes = Change.Between(Settings(before), Settings(after))
            .Concat(Change.Between(MemoryBackingXml.Settings(before.MemoryBacking), MemoryBackingXml.Settings(after.MemoryBacking)));
        foreach (Change change in changes)
        {
            yield return change;
        }

        Dictionary<string, FileSystem> old = ByTag(before);
        Dictionary<string, FileSystem> changed = ByTag(after);
        foreach (string tag in old.Keys.Union(changed.Keys))
        {
            FileSystem? was = old.GetValueOrDefault(tag);
            FileSystem? becomes = changed.GetValueOrDefault(tag);
            if (was is null || !was.Equals(becomes))
            {
                yield return new Change($"file system '{tag}'", Describe(was), Describe(becomes));
            }
        }
    }

    /// <summary>The first of each tag, which is the one that a guest could mount.</summary>
    private static Dictionary<string, FileSystem> ByTag(Domain domain) =>
        domain.FileSystems.GroupBy(fileSystem => fileSystem.Tag ?? string.Empty).ToDictionary(group => group.Key, group => group.First());

    private static IEnumerable<(string Name, string? Value)> Settings(Domain domain) =>
    [
        ("memory", domain.Memory?.ToString()),
        ("virtual CPUs", domain.VirtualCpus.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        ("architecture", domain.Architecture),
        ("machine", domain.Machine),
    ];

    private static string? Describe(FileSystem? fileSystem) => fileSystem is null ? null : string.Join(
        ", ",
        FileSystemXml.Settings(fileSystem).Where(setting => setting.Value is not null).Select(setting => $"{setting.Name}={setting.Value}"));
}
