using VirtioFs.LibvirtXml.Xml;

namespace VirtioFs.LibvirtXml.FileSystems;

/// <summary>
/// A <c>&lt;filesystem&gt;</c> device. A property that is null stands nowhere in the XML, and libvirt's default holds. An object is a
/// snapshot; change a domain with <see cref="Domain.AddFileSystem"/>, <see cref="Domain.SetFileSystem"/> and
/// <see cref="Domain.RemoveFileSystem"/>.
/// </summary>
public sealed record FileSystem
{
    /// <summary>The most bytes of UTF-8 that a virtio-fs tag can have (`struct virtio_fs_config`).</summary>
    public const int MaxTagBytes = 36;

    /// <summary>The most entries that a virtqueue can have (QEMU: `VIRTQUEUE_MAX_SIZE`).</summary>
    public const int MaxQueueSize = 1024;

    /// <summary>The entries of each virtqueue where the device does not say (QEMU's <c>vhost-user-fs</c>).</summary>
    public const int DefaultQueueSize = 128;

    /// <summary>The tag that the guest mounts: <c>&lt;target dir=…/&gt;</c>.</summary>
    public string? Tag { get; init; }

    /// <summary>The directory of the host: <c>&lt;source dir=…/&gt;</c>. libvirt starts the daemon.</summary>
    public string? SourceDirectory { get; init; }

    /// <summary>The socket of a daemon that runs already: <c>&lt;source socket=…/&gt;</c>, since libvirt 7.3.</summary>
    public string? SourceSocket { get; init; }

    /// <summary>libvirt's driver: <c>virtiofs</c>; null or another word for 9p and containers.</summary>
    public string? DriverType { get; init; } = "virtiofs";

    /// <summary>Whether this is a virtio-fs device; the other kinds are shown but not written.</summary>
    public bool IsVirtioFs => DriverType == "virtiofs";

    /// <summary>libvirt's kind of file system: <c>mount</c>, or a container's.</summary>
    public string? Type { get; init; } = "mount";

    /// <summary>How permissions are applied; virtiofs knows passthrough alone.</summary>
    public FileSystemAccessMode? AccessMode { get; init; }

    /// <summary>The entries of each virtqueue: a power of two up to 1024.</summary>
    public int? QueueSize { get; init; }

    /// <summary>Whether the device uses the guest's IOMMU.</summary>
    public bool? Iommu { get; init; }

    /// <summary>Whether the device does address translation itself (ATS).</summary>
    public bool? Ats { get; init; }

    /// <summary>Whether packed virtqueues are offered.</summary>
    public bool? Packed { get; init; }

    /// <summary>Whether each virtqueue has a page of its own for notifications.</summary>
    public bool? PagePerVq { get; init; }

    /// <summary>The daemon that libvirt starts: <c>&lt;binary path=…&gt;</c>.</summary>
    public string? BinaryPath { get; init; }

    /// <summary>Whether the daemon passes extended attributes.</summary>
    public bool? Xattr { get; init; }

    /// <summary>What the daemon lets the guest cache.</summary>
    public FileSystemCache? Cache { get; init; }

    /// <summary>How the daemon locks itself in.</summary>
    public FileSystemSandbox? Sandbox { get; init; }

    /// <summary>Whether the daemon keeps POSIX locks. libvirt refuses any lock option with daemons that announce separate-options.</summary>
    public bool? PosixLock { get; init; }

    /// <summary>Whether the daemon keeps flock locks. libvirt refuses any lock option with daemons that announce separate-options.</summary>
    public bool? Flock { get; init; }

    /// <summary>The daemon's threads, 0 for none; since libvirt 8.5.</summary>
    public int? ThreadPoolSize { get; init; }

    /// <summary>The most files that the daemon holds open; since libvirt 10.6.</summary>
    public long? OpenFilesMax { get; init; }

    /// <summary>Where user IDs of the guest lie on the host; since libvirt 10.0.</summary>
    public IReadOnlyList<IdMapEntry> UidMap { get; init => field = value.ToArray(); } = [];

    /// <summary>Where group IDs of the guest lie on the host; since libvirt 10.0.</summary>
    public IReadOnlyList<IdMapEntry> GidMap { get; init => field = value.ToArray(); } = [];

    /// <summary>Whether the guest may only read; since libvirt 11.0.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>The place among the devices that the guest boots from, from 1; PCI only.</summary>
    public int? BootOrder { get; init; }

    /// <summary>The device's name in libvirt; one of your own begins with <c>ua-</c>.</summary>
    public string? Alias { get; init; }

    /// <summary>Where the device sits in the guest.</summary>
    public DeviceAddress? Address { get; init; }

    /// <summary>The device number of an s390x guest, as the host writes it: <c>fe.0.1a12</c>.</summary>
    public DeviceNumber? DeviceNumber => (Address as CcwAddress)?.Number;

    /// <summary>The device number that the guest sees: <c>0.0.1a12</c>.</summary>
    public string? GuestDeviceNumber => DeviceNumber?.GuestBusId;

    /// <summary>The element as it stands in the domain; null for an object that was made in memory.</summary>
    public string? Xml { get; internal init; }

    /// <summary>The file system's place among those of its domain, from 0; -1 for an object that was made in memory.</summary>
    internal int Index { get; init; } = -1;

    /// <summary>Reads one <c>&lt;filesystem&gt;</c> element.</summary>
    /// <param name="xml">The element's text.</param>
    /// <returns>The file system.</returns>
    /// <exception cref="DomainXmlException">The text is not well-formed, or its element is another one.</exception>
    public static FileSystem Parse(string xml)
    {
        ArgumentNullException.ThrowIfNull(xml);
        XmlDocument document = XmlParser.Parse(xml, "The file system");
        if (document.Root.Name != "filesystem")
        {
            throw new DomainXmlException(
                "NotAFileSystem",
                $"The root element is <{document.Root.Name}>, but a file system begins with <filesystem>. Pass that element alone.",
                1,
                1);
        }

        return FileSystemXml.Read(document.Root, -1);
    }

    /// <summary>The device's element as a text of its own, as libvirt takes it for attaching and detaching.</summary>
    /// <returns>The element, without a line end.</returns>
    public string ToXml()
    {
        if (Xml is null)
        {
            return XmlLayout.Default.Write(FileSystemXml.New(this));
        }

        XmlDocument document = XmlParser.Parse(Xml, "The file system");
        FileSystemXml.Write(document.Layout, document.Root, FileSystemXml.Read(document.Root, Index), this);
        return document.ToString();
    }

    /// <summary>The tag and what it shows.</summary>
    /// <returns>A text such as <c>share → /srv</c>.</returns>
    public override string ToString() => $"{Tag} → {SourceSocket ?? SourceDirectory}";

    /// <inheritdoc/>
    public bool Equals(FileSystem? other) =>
        other is not null && FileSystemXml.Settings(this).SequenceEqual(FileSystemXml.Settings(other));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Tag, SourceDirectory, SourceSocket, DriverType);
}
