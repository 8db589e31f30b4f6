using VirtioFs.LibvirtXml.Host;

namespace VirtioFs.Cmdlets;

/// <summary>What libvirt's qemu.conf says of guest memory.</summary>
public sealed class VMHostMemorySetting
{
    internal VMHostMemorySetting(QemuConfiguration configuration, string? backup = null)
    {
        Path = configuration.Path;
        IsMemoryBackingDirectorySet = configuration.MemoryBackingDirectory is not null;
        MemoryBackingDirectory = configuration.MemoryBackingDirectory ?? QemuConfiguration.DefaultMemoryBackingDirectory;
        HugetlbfsMount = configuration.HugetlbfsMounts?.ToArray();
        Backup = backup;
    }

    /// <summary>The directory of file-backed guest memory; libvirt's default when the file does not set it.</summary>
    public string MemoryBackingDirectory { get; }

    /// <summary>Whether the file sets that directory.</summary>
    public bool IsMemoryBackingDirectorySet { get; }

    /// <summary>The mount points of hugetlbfs; null when libvirt looks for them itself.</summary>
    public string[]? HugetlbfsMount { get; }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The file that the old content was kept in; null when nothing was changed.</summary>
    public string? Backup { get; }
}
