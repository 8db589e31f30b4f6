using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.FileSystems;

namespace VirtioFs.Cmdlets;

/// <summary>A file system of a domain, as it was when it was read. Set- and Remove-VMFileSystem change it where it was read from.</summary>
public sealed class VMFileSystem
{
    internal VMFileSystem(LibvirtXml.FileSystems.FileSystem device, DomainTarget origin)
    {
        Device = device;
        Origin = origin;
    }

    /// <summary>The tag that the guest mounts.</summary>
    public string? Tag => Device.Tag;

    /// <summary>The directory or the socket.</summary>
    public string? Source => Device.SourceDirectory ?? Device.SourceSocket;

    /// <summary>The directory that the daemon of libvirt shows; null behind a socket.</summary>
    public string? Directory => Device.SourceDirectory;

    /// <summary>The socket of a share; null when libvirt starts the daemon.</summary>
    public string? Socket => Device.SourceSocket;

    /// <summary>libvirt's driver: virtiofs, or another word for 9p and containers.</summary>
    public string? Driver => Device.DriverType;

    /// <summary>Whether this is a virtio-fs device; the others are shown, and can be removed, but not changed.</summary>
    public bool IsVirtioFs => Device.IsVirtioFs;

    /// <summary>The entries of each virtqueue.</summary>
    public int? QueueSize => Device.QueueSize;

    /// <summary>Whether the guest may only read.</summary>
    public bool ReadOnly => Device.ReadOnly;

    /// <summary>What the daemon lets the guest cache.</summary>
    public FileSystemCache? Cache => Device.Cache;

    /// <summary>The daemon that libvirt starts.</summary>
    public string? Binary => Device.BinaryPath;

    /// <summary>Where the device sits in the guest.</summary>
    public DeviceAddress? Address => Device.Address;

    /// <summary>The device number of an s390x guest on the host, such as fe.0.1a12.</summary>
    public DeviceNumber? DeviceNumber => Device.DeviceNumber;

    /// <summary>The device number that the guest sees, such as 0.0.1a12.</summary>
    public string? GuestDeviceNumber => Device.GuestDeviceNumber;

    /// <summary>The device's name in libvirt.</summary>
    public string? Alias => Device.Alias;

    /// <summary>The domain's name.</summary>
    public string? DomainName => Origin.Definition.Name;

    /// <summary>Everything that the XML says of the device.</summary>
    public LibvirtXml.FileSystems.FileSystem Device { get; }

    /// <summary>The element as it stands in the domain.</summary>
    public string? Xml => Device.Xml;

    internal DomainTarget Origin { get; }

    /// <summary>The tag.</summary>
    public override string ToString() => Tag ?? string.Empty;
}
