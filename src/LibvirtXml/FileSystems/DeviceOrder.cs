namespace VirtioFs.LibvirtXml.FileSystems;

/// <summary>Where a file system stands among the devices, as libvirt writes them (`virDomainDefFormatInternal`).</summary>
internal static class DeviceOrder
{
    public static readonly string[] UpToController = ["emulator", "disk", "controller"];
    public static readonly string[] UpToFileSystem = ["emulator", "disk", "controller", "lease", "filesystem"];
}
