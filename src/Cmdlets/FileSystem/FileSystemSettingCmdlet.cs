using System.Management.Automation;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.FileSystems;

namespace VirtioFs.Cmdlets;

/// <summary>A cmdlet that takes the settings of a virtio-fs device; what is not given stays as it is.</summary>
public abstract class FileSystemSettingCmdlet : EditingCmdlet
{
    /// <summary>The host's directory; libvirt starts the daemon.</summary>
    [Parameter]
    [Alias("Directory")]
    [ValidateNotNullOrEmpty]
    public string? Source { get; set; }

    /// <summary>The socket of a share that runs already.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Socket { get; set; }

    /// <summary>The entries of each virtqueue: a power of two up to 1024.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(QueueSizeCompleter))]
    public int QueueSize { get; set; }

    /// <summary>Says accessmode='passthrough', which is all that virtiofs knows.</summary>
    [Parameter]
    public FileSystemAccessMode AccessMode { get; set; }

    /// <summary>Lets the device use the guest's IOMMU.</summary>
    [Parameter]
    public SwitchParameter Iommu { get; set; }

    /// <summary>Lets the device translate addresses itself.</summary>
    [Parameter]
    public SwitchParameter Ats { get; set; }

    /// <summary>Offers packed virtqueues.</summary>
    [Parameter]
    public SwitchParameter Packed { get; set; }

    /// <summary>Gives each virtqueue a page of its own for notifications.</summary>
    [Parameter]
    public SwitchParameter PagePerVq { get; set; }

    /// <summary>The daemon that libvirt starts: an absolute path.</summary>
    [Parameter]
    [Alias("BinaryPath")]
    [ValidateNotNullOrEmpty]
    public string? Binary { get; set; }

    /// <summary>Lets the daemon pass extended attributes.</summary>
    [Parameter]
    public SwitchParameter Xattr { get; set; }

    /// <summary>What the daemon lets the guest cache.</summary>
    [Parameter]
    public FileSystemCache Cache { get; set; }

    /// <summary>How the daemon locks itself in.</summary>
    [Parameter]
    public FileSystemSandbox Sandbox { get; set; }

    /// <summary>Lets the daemon keep POSIX locks: vhost-user-fs and the old virtiofsd, not one that announces separate-options.</summary>
    [Parameter]
    public SwitchParameter PosixLock { get; set; }

    /// <summary>Lets the daemon keep flock locks: vhost-user-fs and the old virtiofsd, not one that announces separate-options.</summary>
    [Parameter]
    public SwitchParameter Flock { get; set; }

    /// <summary>The daemon's threads; 0 for none. Since libvirt 8.5.</summary>
    [Parameter]
    public int ThreadPoolSize { get; set; }

    /// <summary>The most files that the daemon holds open. Since libvirt 10.6.</summary>
    [Parameter]
    public long OpenFilesMax { get; set; }

    /// <summary>Where user IDs of the guest lie on the host: start:target:count. Since libvirt 10.0.</summary>
    [Parameter]
    [Alias("UserIdMap")]
    public IdMapEntry[] UidMap { get; set; } = [];

    /// <summary>Where group IDs of the guest lie on the host: start:target:count. Since libvirt 10.0.</summary>
    [Parameter]
    [Alias("GroupIdMap")]
    public IdMapEntry[] GidMap { get; set; } = [];

    /// <summary>Lets the guest only read. Since libvirt 11.0.</summary>
    [Parameter]
    public SwitchParameter ReadOnly { get; set; }

    /// <summary>The place among the devices that the guest boots from, from 1.</summary>
    [Parameter]
    public int BootOrder { get; set; }

    /// <summary>The device's name in libvirt, beginning with ua-.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Alias { get; set; }

    /// <summary>The device number of an s390x guest, such as fe.0.1a12; the guest sees 0.0.1a12.</summary>
    [Parameter]
    public DeviceNumber? DeviceNumber { get; set; }

    /// <summary>The PCI address, such as 0000:07:00.0.</summary>
    [Parameter]
    public PciAddress? PciAddress { get; set; }

    /// <summary>The device with the settings that were given.</summary>
    private protected LibvirtXml.FileSystems.FileSystem Apply(LibvirtXml.FileSystems.FileSystem device)
    {
        if (DeviceNumber is not null && PciAddress is not null)
        {
            throw new DomainRuleException("TwoAddresses", "-DeviceNumber and -PciAddress are given, but a device has one address. Leave one of them out.");
        }

        // A source of the one kind takes the place of the other.
        bool isMoved = Source is not null || Socket is not null;
        return device with
        {
            SourceDirectory = isMoved ? AbsoluteSource() : device.SourceDirectory,
            SourceSocket = isMoved ? Socket : device.SourceSocket,
            QueueSize = Given(nameof(QueueSize)) ? QueueSize : device.QueueSize,
            AccessMode = Given(nameof(AccessMode)) ? AccessMode : device.AccessMode,
            Iommu = Tristate(Iommu, nameof(Iommu)) ?? device.Iommu,
            Ats = Tristate(Ats, nameof(Ats)) ?? device.Ats,
            Packed = Tristate(Packed, nameof(Packed)) ?? device.Packed,
            PagePerVq = Tristate(PagePerVq, nameof(PagePerVq)) ?? device.PagePerVq,
            BinaryPath = Binary ?? device.BinaryPath,
            Xattr = Tristate(Xattr, nameof(Xattr)) ?? device.Xattr,
            Cache = Given(nameof(Cache)) ? Cache : device.Cache,
            Sandbox = Given(nameof(Sandbox)) ? Sandbox : device.Sandbox,
            PosixLock = Tristate(PosixLock, nameof(PosixLock)) ?? device.PosixLock,
            Flock = Tristate(Flock, nameof(Flock)) ?? device.Flock,
            ThreadPoolSize = Given(nameof(ThreadPoolSize)) ? ThreadPoolSize : device.ThreadPoolSize,
            OpenFilesMax = Given(nameof(OpenFilesMax)) ? OpenFilesMax : device.OpenFilesMax,
            UidMap = Given(nameof(UidMap)) ? UidMap : device.UidMap,
            GidMap = Given(nameof(GidMap)) ? GidMap : device.GidMap,
            ReadOnly = Given(nameof(ReadOnly)) ? ReadOnly.IsPresent : device.ReadOnly,
            BootOrder = Given(nameof(BootOrder)) ? BootOrder : device.BootOrder,
            Alias = Alias ?? device.Alias,
            Address = DeviceNumber is not null ? new CcwAddress(DeviceNumber) : PciAddress ?? device.Address,
        };
    }

    /// <summary>libvirt takes id maps for every daemon, and virtiofsd only without root's rights, as qemu:///session starts it.</summary>
    private protected void WarnOfMaps(DomainTarget target)
    {
        if (UidMap.Length + GidMap.Length > 0 && target.Connection?.Contains("/system", StringComparison.Ordinal) == true)
        {
            WriteWarning(
                $"The daemon of the {target.Description} is started by root, and virtiofsd takes -UidMap and -GidMap only from an ordinary user, as behind qemu:///session: " +
                "the guest will not start with it. Use Start-VirtioFsShare -UserIdMap and Add-VMFileSystem -Share instead.");
        }
    }

    private bool Given(string parameter) => IsGiven(parameter);

    /// <summary>A relative path is one of this session; libvirt may be on another machine, so the directory need not be here.</summary>
    private string? AbsoluteSource()
    {
        if (Source is null || Source.StartsWith('/'))
        {
            return Source;
        }

        return TryGetFileSystemPath(Source, out string? path) ? path : Source;
    }
}
