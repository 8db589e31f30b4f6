using System.Management.Automation;
using VirtioFs.LibvirtXml.Host;

namespace VirtioFs.Cmdlets;

/// <summary>Sets what libvirt's qemu.conf says of guest memory, and keeps the old file.</summary>
[Cmdlet(VerbsCommon.Set, "VMHostMemorySetting", SupportsShouldProcess = true)]
[OutputType(typeof(VMHostMemorySetting))]
public sealed class SetVMHostMemorySettingCommand : HostCmdlet
{
    /// <summary>The directory of file-backed guest memory (memory_backing_dir); an empty text goes back to libvirt's default.</summary>
    [Parameter]
    [AllowEmptyString]
    public string? MemoryBackingDirectory { get; set; }

    /// <summary>The mount points of hugetlbfs (hugetlbfs_mount), one a page size; an empty list goes back to libvirt's default.</summary>
    [Parameter]
    [AllowEmptyCollection]
    public string[]? HugetlbfsMount { get; set; }

    /// <summary>The file; libvirt's own when left out.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = QemuConfiguration.DefaultPath;

    /// <summary>Emits the settings as they are now, with the backup's path.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Try(Path, () =>
    {
        if (!TryGetFileSystemPath(Path, out string? file))
        {
            return;
        }

        QemuConfiguration configuration = Await($"Reading '{file}'", () => QemuConfiguration.Load(file));
        if (MemoryBackingDirectory is not null)
        {
            configuration.SetMemoryBackingDirectory(MemoryBackingDirectory.Length == 0 ? null : MemoryBackingDirectory);
        }

        if (HugetlbfsMount is not null)
        {
            configuration.SetHugetlbfsMounts(HugetlbfsMount.Length == 0 ? null : HugetlbfsMount);
        }

        string? backup = null;
        if (configuration.Changes.Count == 0)
        {
            WriteVerbose($"The file '{file}' says so already; nothing was changed.");
        }
        else if (Confirms(configuration))
        {
            backup = Await($"Writing '{file}'", () => configuration.Save(Cancellation));
            WriteWarnings(configuration.Warnings);
            WriteWarning("libvirt reads qemu.conf when its daemon starts: restart it (systemctl restart libvirtd, or virtqemud). Guests keep running.");
        }
        else
        {
            return;
        }

        if (PassThru)
        {
            WriteObject(new VMHostMemorySetting(QemuConfiguration.Load(file), backup));
        }
    });

    private bool Confirms(QemuConfiguration configuration)
    {
        string action = $"Change {configuration.Path}, with a backup beside it: {string.Join("; ", configuration.Changes)}";
        return Confirms(configuration.Path, action, "Change libvirt's configuration");
    }
}
