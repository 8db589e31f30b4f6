using System.Runtime.InteropServices;

namespace VirtioFs.LibvirtXml;

/// <summary>A domain that libvirt knows. Each property asks libvirt anew; a domain that has gone is an error.</summary>
public sealed unsafe class LibvirtDomain : IDisposable
{
    private const int UuidTextLength = 37;
    private const uint XmlSecure = 1;
    private const uint XmlInactive = 2;

    private readonly DomainHandle _handle;

    internal LibvirtDomain(LibvirtConnection connection, DomainHandle handle)
    {
        Connection = connection;
        _handle = handle;
        Name = Marshal.PtrToStringUTF8((nint)LibvirtNative.DomainGetName(handle)) ?? string.Empty;
        byte* uuid = stackalloc byte[UuidTextLength];
        Uuid = LibvirtNative.DomainGetUuid(handle, uuid) < 0 ? Guid.Empty : Guid.Parse(Marshal.PtrToStringUTF8((nint)uuid)!);
    }

    /// <summary>The connection that the domain was found on.</summary>
    public LibvirtConnection Connection { get; }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The UUID.</summary>
    public Guid Uuid { get; }

    /// <summary>libvirt's number of the running guest; null when it does not run.</summary>
    public int? Id => LibvirtNative.DomainGetId(_handle) is var id && id == uint.MaxValue ? null : (int)id;

    /// <summary>What the guest is doing.</summary>
    /// <exception cref="LibvirtException">The domain is gone, or libvirt reports an error.</exception>
    public DomainState State
    {
        get
        {
            Connection.Require(LibvirtNative.DomainGetState(_handle, out int state, out _, 0), $"The state of the domain '{Name}' cannot be read");
            return (DomainState)state;
        }
    }

    /// <summary>Whether the guest runs.</summary>
    /// <exception cref="LibvirtException">The domain is gone, or libvirt reports an error.</exception>
    public bool IsActive => Answer(LibvirtNative.DomainIsActive(_handle), "state");

    /// <summary>Whether the definition stays when the guest stops.</summary>
    /// <exception cref="LibvirtException">The domain is gone, or libvirt reports an error.</exception>
    public bool IsPersistent => Answer(LibvirtNative.DomainIsPersistent(_handle), "persistence");

    /// <summary>Reads the XML.</summary>
    /// <param name="inactive">Whether the definition for the next start is meant, and not what the running guest has.</param>
    /// <param name="secure">Whether passwords are included; needs a connection for writing.</param>
    /// <returns>The domain.</returns>
    /// <exception cref="LibvirtException">The domain is gone, or libvirt reports an error.</exception>
    public Domain GetDefinition(bool inactive = false, bool secure = false)
    {
        uint flags = (inactive ? XmlInactive : 0) | (secure ? XmlSecure : 0);
        string xml = LibvirtNative.TakeString(LibvirtNative.DomainGetXml(_handle, flags))
            ?? throw Connection.Failure($"The XML of the domain '{Name}' cannot be read");
        return Domain.Parse(xml);
    }

    /// <summary>Adds a device.</summary>
    /// <param name="xml">The device's element.</param>
    /// <param name="scope">Whether the running guest, the definition or both get it.</param>
    /// <exception cref="LibvirtException">libvirt refuses; the domain is as it was.</exception>
    public void AttachDevice(string xml, DeviceScope scope) =>
        Connection.Require(LibvirtNative.DomainAttachDevice(_handle, xml, (uint)scope), $"The device cannot be added to the domain '{Name}'");

    /// <summary>Removes a device. The guest may take its time to let it go; the device is gone when the XML shows it no more.</summary>
    /// <param name="xml">The device's element.</param>
    /// <param name="scope">Whether the running guest, the definition or both lose it.</param>
    /// <exception cref="LibvirtException">libvirt refuses; the domain is as it was.</exception>
    public void DetachDevice(string xml, DeviceScope scope) =>
        Connection.Require(LibvirtNative.DomainDetachDevice(_handle, xml, (uint)scope), $"The device cannot be removed from the domain '{Name}'");

    /// <summary>Changes a device.</summary>
    /// <param name="xml">The device's element as it shall be.</param>
    /// <param name="scope">Whether the running guest, the definition or both are changed.</param>
    /// <exception cref="LibvirtException">libvirt refuses; the domain is as it was.</exception>
    public void UpdateDevice(string xml, DeviceScope scope) =>
        Connection.Require(LibvirtNative.DomainUpdateDevice(_handle, xml, (uint)scope), $"The device of the domain '{Name}' cannot be changed");

    /// <summary>Starts the guest.</summary>
    /// <exception cref="LibvirtException">libvirt or QEMU refuses.</exception>
    public void Start() => Connection.Require(LibvirtNative.DomainCreate(_handle, 0), $"The domain '{Name}' cannot be started");

    /// <summary>Asks the guest to shut down, and does not wait.</summary>
    /// <exception cref="LibvirtException">libvirt refuses.</exception>
    public void Shutdown() => Connection.Require(LibvirtNative.DomainShutdown(_handle), $"The domain '{Name}' cannot be shut down");

    /// <summary>Stops the guest at once, as pulling the plug does.</summary>
    /// <exception cref="LibvirtException">libvirt refuses.</exception>
    public void Destroy() => Connection.Require(LibvirtNative.DomainDestroy(_handle), $"The domain '{Name}' cannot be stopped");

    /// <summary>Removes the definition.</summary>
    /// <param name="options">What goes with it.</param>
    /// <exception cref="LibvirtException">libvirt refuses.</exception>
    public void Undefine(UndefineOptions options = UndefineOptions.None) =>
        Connection.Require(LibvirtNative.DomainUndefine(_handle, (uint)options), $"The definition of the domain '{Name}' cannot be removed");

    /// <summary>Lets go of the domain; libvirt keeps it.</summary>
    public void Dispose() => _handle.Dispose();

    /// <summary>The name.</summary>
    /// <returns>The name.</returns>
    public override string ToString() => Name;

    private bool Answer(int result, string whatIsAsked)
    {
        Connection.Require(result, $"The {whatIsAsked} of the domain '{Name}' cannot be read");
        return result == 1;
    }
}
