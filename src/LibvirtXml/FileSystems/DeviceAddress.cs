namespace VirtioFs.LibvirtXml.FileSystems;

/// <summary>Where a device sits in the guest.</summary>
public abstract record DeviceAddress
{
    private protected DeviceAddress()
    {
    }

    /// <summary>libvirt's name of the bus: <c>pci</c>, <c>ccw</c>, ….</summary>
    public abstract string Type { get; }
}
