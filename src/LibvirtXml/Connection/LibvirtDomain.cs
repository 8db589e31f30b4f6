using System.Diagnostics;
using System.Runtime.InteropServices;
using VirtioFs.LibvirtXml.Connection.Native;

namespace VirtioFs.LibvirtXml.Connection;

/// <summary>
/// A domain that libvirt knows, by its UUID. Each property asks libvirt anew; a domain that has gone is an error. It is found again when
/// its connection was lost and opened again.
/// </summary>
public sealed unsafe class LibvirtDomain : IDisposable
{
    private const int UuidTextLength = 37;
    private const uint XmlSecure = 1;
    private const uint XmlInactive = 2;

    private static readonly TimeSpan ShutdownPause = TimeSpan.FromMilliseconds(100);

    private volatile DomainHandle _handle;

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

    /// <summary>The name that it had when it was found.</summary>
    public string Name { get; }

    /// <summary>The UUID.</summary>
    public Guid Uuid { get; }

    /// <summary>libvirt's number of the running guest; null when it does not run.</summary>
    /// <exception cref="LibvirtException">The domain is gone, or libvirt reports an error.</exception>
    public int? Id => Read("number", domain => LibvirtNative.DomainIsActive(domain) == 1 && LibvirtNative.DomainGetId(domain) is var id && id != uint.MaxValue
        ? (int?)id
        : null);

    /// <summary>What the guest is doing.</summary>
    /// <exception cref="LibvirtException">The domain is gone, or libvirt reports an error.</exception>
    public DomainState State => (DomainState)Ask("state", domain => LibvirtNative.DomainGetState(domain, out int state, out _, 0) < 0 ? -1 : state);

    /// <summary>Whether the guest runs.</summary>
    /// <exception cref="LibvirtException">The domain is gone, or libvirt reports an error.</exception>
    public bool IsActive => Ask("state", LibvirtNative.DomainIsActive) == 1;

    /// <summary>Whether the definition stays when the guest stops.</summary>
    /// <exception cref="LibvirtException">The domain is gone, or libvirt reports an error.</exception>
    public bool IsPersistent => Ask("persistence", LibvirtNative.DomainIsPersistent) == 1;

    /// <summary>Reads the XML.</summary>
    /// <param name="inactive">Whether the definition for the next start is meant, and not what the running guest has.</param>
    /// <param name="secure">Whether passwords are included; needs a connection for writing.</param>
    /// <returns>The domain.</returns>
    /// <exception cref="LibvirtException">The domain is gone, or libvirt reports an error.</exception>
    public Domain GetDefinition(bool inactive = false, bool secure = false)
    {
        uint flags = (inactive ? XmlInactive : 0) | (secure ? XmlSecure : 0);
        return Domain.Parse(Read("XML", domain => TakeXml(domain, flags)));
    }

    /// <summary>The state, the stored XML of a persistent domain and that of a running guest, by as few questions as can be.</summary>
    internal (DomainState State, string? Stored, string? Running) ReadAll(bool secure) => Read("definition", domain =>
    {
        Require(domain, LibvirtNative.DomainGetState(domain, out int state, out _, 0));
        bool isActive = (DomainState)state switch
        {
            DomainState.Off => false,
            DomainState.Unknown or DomainState.Crashed => Require(domain, LibvirtNative.DomainIsActive(domain)) == 1,
            _ => true,
        };
        bool isPersistent = Require(domain, LibvirtNative.DomainIsPersistent(domain)) == 1;
        uint flags = secure ? XmlSecure : 0;
        return ((DomainState)state, isPersistent ? TakeXml(domain, flags | XmlInactive) : null, isActive || !isPersistent ? TakeXml(domain, flags) : null);
    });

    /// <summary>Adds a device.</summary>
    /// <param name="xml">The device's element.</param>
    /// <param name="scope">Whether the running guest, the definition or both get it.</param>
    /// <exception cref="LibvirtException">libvirt refuses; the domain is as it was.</exception>
    public void AttachDevice(string xml, DeviceScope scope) =>
        Change($"The device cannot be added to the domain '{Name}'", domain => LibvirtNative.DomainAttachDevice(domain, xml, (uint)scope));

    /// <summary>Removes a device. The guest may take its time to let it go; the device is gone when the XML shows it no more.</summary>
    /// <param name="xml">The device's element.</param>
    /// <param name="scope">Whether the running guest, the definition or both lose it.</param>
    /// <exception cref="LibvirtException">libvirt refuses; the domain is as it was.</exception>
    public void DetachDevice(string xml, DeviceScope scope) =>
        Change($"The device cannot be removed from the domain '{Name}'", domain => LibvirtNative.DomainDetachDevice(domain, xml, (uint)scope));

    /// <summary>Changes a device.</summary>
    /// <param name="xml">The device's element as it shall be.</param>
    /// <param name="scope">Whether the running guest, the definition or both are changed.</param>
    /// <exception cref="LibvirtException">libvirt refuses; the domain is as it was.</exception>
    public void UpdateDevice(string xml, DeviceScope scope) =>
        Change($"The device of the domain '{Name}' cannot be changed", domain => LibvirtNative.DomainUpdateDevice(domain, xml, (uint)scope));

    /// <summary>Starts the guest.</summary>
    /// <exception cref="LibvirtException">libvirt or QEMU refuses.</exception>
    public void Start()
    {
        try
        {
            Change($"The domain '{Name}' cannot be started", domain => LibvirtNative.DomainCreate(domain, 0));
        }
        catch (LibvirtException exception) when (exception.ErrorId == "DaemonDied")
        {
            exception.Advice = $"Read why in its log, which is beside the guest's own: {LogOfDaemon}.";
            throw;
        }
    }

    /// <summary>Where libvirt lets virtiofsd write; the session daemon has its own folder.</summary>
    private string LogOfDaemon => Connection.Uri.EndsWith("/session", StringComparison.Ordinal) || Connection.Uri.Contains("/session?", StringComparison.Ordinal)
        ? $"~/.cache/libvirt/qemu/log/{Name}-fs*-virtiofsd.log"
        : $"/var/log/libvirt/qemu/{Name}-fs*-virtiofsd.log";

    /// <summary>Asks the guest to shut down, and does not wait.</summary>
    /// <exception cref="LibvirtException">libvirt refuses.</exception>
    public void Shutdown() => Change($"The domain '{Name}' cannot be shut down", LibvirtNative.DomainShutdown);

    /// <summary>Asks the guest to shut down, and waits until it has.</summary>
    /// <param name="limit">How long to wait.</param>
    /// <exception cref="DomainRuleException">The guest runs on.</exception>
    /// <exception cref="LibvirtException">libvirt refuses.</exception>
    /// <exception cref="OperationCanceledException">The connection's token was cancelled; the guest has been asked.</exception>
    public void Shutdown(TimeSpan limit)
    {
        Shutdown();
        long start = Stopwatch.GetTimestamp();
        while (IsActive)
        {
            if (Stopwatch.GetElapsedTime(start) > limit)
            {
                throw new DomainRuleException(
                    "GuestDoesNotStop",
                    $"The guest '{Name}' was asked to shut down, but runs after {limit.TotalSeconds} seconds.",
                    ErrorKind.Timeout);
            }

            Connection.Pause(ShutdownPause);
        }
    }

    /// <summary>Stops the guest at once, as pulling the plug does.</summary>
    /// <exception cref="LibvirtException">libvirt refuses.</exception>
    public void Destroy() => Change($"The domain '{Name}' cannot be stopped", LibvirtNative.DomainDestroy);

    /// <summary>Removes the definition.</summary>
    /// <param name="options">What goes with it.</param>
    /// <exception cref="LibvirtException">libvirt refuses.</exception>
    public void Undefine(UndefineOptions options = UndefineOptions.None) =>
        Change($"The definition of the domain '{Name}' cannot be removed", domain => LibvirtNative.DomainUndefine(domain, (uint)options));

    /// <summary>Lets go of the domain; libvirt keeps it.</summary>
    public void Dispose() => _handle.Dispose();

    /// <summary>The name.</summary>
    /// <returns>The name.</returns>
    public override string ToString() => Name;

    private int Ask(string what, Func<DomainHandle, int> call) => Read(what, domain =>
    {
        int answer = call(domain);
        Connection.Require(domain.Connection, answer, $"The {what} of the domain '{Name}' cannot be read");
        return answer;
    });

    private string TakeXml(DomainHandle domain, uint flags) => LibvirtNative.TakeString(LibvirtNative.DomainGetXml(domain, flags))
        ?? throw Connection.Failure(domain.Connection, $"The XML of the domain '{Name}' cannot be read");

    private int Require(DomainHandle domain, int answer)
    {
        Connection.Require(domain.Connection, answer, $"The state of the domain '{Name}' cannot be read");
        return answer;
    }

    private T Read<T>(string what, Func<DomainHandle, T> call) =>
        Connection.Read($"The {what} of the domain '{Name}' cannot be read", connection => call(On(connection)));

    private void Change(string whatFails, Func<DomainHandle, int> call) => Connection.Change(whatFails, connection =>
    {
        int result = call(On(connection));
        Connection.Require(connection, result, whatFails);
        return result;
    });

    /// <summary>The domain's handle on the connection that is open now.</summary>
    private DomainHandle On(ConnectionHandle connection)
    {
        DomainHandle known = _handle;
        if (known.Connection == connection)
        {
            return known;
        }

        nint pointer = LibvirtNative.DomainLookupByUuid(connection, Uuid.ToString());
        if (pointer == 0)
        {
            throw Connection.Failure(connection, $"The domain '{Name}' was not found at {Connection.Uri}");
        }

        // The old handle may be in use by another thread; the garbage collector frees it.
        DomainHandle found = DomainHandle.Own(connection, pointer);
        _handle = found;
        return found;
    }
}
