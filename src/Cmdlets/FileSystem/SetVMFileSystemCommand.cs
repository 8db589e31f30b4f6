using System.Management.Automation;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Changes virtio-fs devices of domains.</summary>
[Cmdlet(VerbsCommon.Set, "VMFileSystem", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(VMDomain))]
public sealed class SetVMFileSystemCommand : FileSystemSettingCmdlet
{
    private const string FileSystemSet = "FileSystem";

    /// <summary>Tags of the devices, with wildcards.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = NameSet)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = LiteralPathSet)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = InputObjectSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Tag
    {
        get;
        set => field = Once(field, value);
    } = [];

    /// <summary>A device from Get-VMFileSystem; it is changed where it was read from.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = FileSystemSet)]
    [ValidateNotNull]
    public VMFileSystem? FileSystem { get; set; }

    /// <summary>The new tag.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? NewTag { get; set; }

    /// <summary>Settings to take away, so that libvirt's defaults hold.</summary>
    [Parameter]
    [ValidateSet(
        "AccessMode", "QueueSize", "Iommu", "Ats", "Packed", "PagePerVq", "Binary", "Xattr", "Cache", "Sandbox", "PosixLock", "Flock", "ThreadPoolSize",
        "OpenFilesMax", "UidMap", "GidMap", "ReadOnly", "BootOrder", "Alias", "Address")]
    public string[] Clear { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (FileSystem is null)
        {
            base.ProcessRecord();
            return;
        }

        Try(FileSystem.DomainName, () =>
        {
            DomainTarget target = Again(FileSystem.Origin);
            WarnOfMaps(target);
            Edit(target, $"Change the file system '{FileSystem.Tag}' of", domain =>
            {
                LibvirtXml.FileSystems.FileSystem present = domain.GetFileSystem(FileSystem.Device);
                return domain.SetFileSystem(present, Changed(present));
            });
        });
    }

    private protected override void Process(DomainTarget target)
    {
        WarnOfMaps(target);
        Edit(target, $"Change the file system {string.Join(", ", Tag.Select(tag => $"'{tag}'"))} of", ChangeAll);
    }

    private ChangeResult ChangeAll(Domain domain)
    {
        List<Change> changes = [];
        List<Advice> warnings = [];
        foreach (LibvirtXml.FileSystems.FileSystem present in FileSystemSelection.Find(domain, Tag).ToArray())
        {
            ChangeResult result = domain.SetFileSystem(present, Changed(present));
            changes.AddRange(result.Changes);
            warnings.AddRange(result.Warnings);
        }

        return new ChangeResult(changes, warnings);
    }

    private LibvirtXml.FileSystems.FileSystem Changed(LibvirtXml.FileSystems.FileSystem present)
    {
        LibvirtXml.FileSystems.FileSystem cleared = Clear.Aggregate(present, Without);
        LibvirtXml.FileSystems.FileSystem changed = Apply(cleared);
        return NewTag is null ? changed : changed with { Tag = NewTag };
    }

    private static LibvirtXml.FileSystems.FileSystem Without(LibvirtXml.FileSystems.FileSystem device, string setting) => setting.ToUpperInvariant() switch
    {
        "ACCESSMODE" => device with { AccessMode = null },
        "QUEUESIZE" => device with { QueueSize = null },
        "IOMMU" => device with { Iommu = null },
        "ATS" => device with { Ats = null },
        "PACKED" => device with { Packed = null },
        "PAGEPERVQ" => device with { PagePerVq = null },
        "BINARY" => device with { BinaryPath = null },
        "XATTR" => device with { Xattr = null },
        "CACHE" => device with { Cache = null },
        "SANDBOX" => device with { Sandbox = null },
        "POSIXLOCK" => device with { PosixLock = null },
        "FLOCK" => device with { Flock = null },
        "THREADPOOLSIZE" => device with { ThreadPoolSize = null },
        "OPENFILESMAX" => device with { OpenFilesMax = null },
        "UIDMAP" => device with { UidMap = [] },
        "GIDMAP" => device with { GidMap = [] },
        "READONLY" => device with { ReadOnly = false },
        "BOOTORDER" => device with { BootOrder = null },
        "ALIAS" => device with { Alias = null },
        _ => device with { Address = null },
    };
}
