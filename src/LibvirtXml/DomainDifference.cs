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

        foreach (string tag in before.FileSystems.Concat(after.FileSystems).Select(fileSystem => fileSystem.Tag ?? string.Empty).Distinct())
        {
            FileSystem? old = before.FileSystems.FirstOrDefault(fileSystem => fileSystem.Tag == tag);
            FileSystem? changed = after.FileSystems.FirstOrDefault(fileSystem => fileSystem.Tag == tag);
            if (old is null || !old.Equals(changed))
            {
                yield return new Change($"file system '{tag}'", Describe(old), Describe(changed));
            }
        }
    }

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
