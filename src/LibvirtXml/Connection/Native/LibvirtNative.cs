using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VirtioFs.LibvirtXml.Connection.Native;

/// <summary>The functions of libvirt that are used here, as libvirt-host.h, libvirt-domain.h and virterror.h declare them.</summary>
internal static unsafe partial class LibvirtNative
{
    /// <summary>The name by which the imports below ask; <see cref="LibvirtLibrary"/> answers with the library that it has loaded.</summary>
    public const string Library = "libvirt.so.0";

    [LibraryImport(Library, EntryPoint = "virInitialize")]
    public static partial int Initialize();

    [LibraryImport(Library, EntryPoint = "virGetVersion")]
    public static partial int GetVersion(out CULong libraryVersion, nint type, nint typeVersion);

    [LibraryImport(Library, EntryPoint = "virSetErrorFunc")]
    public static partial void SetErrorFunction(nint userData, delegate* unmanaged[Cdecl]<nint, VirError*, void> handler);

    [LibraryImport(Library, EntryPoint = "virGetLastError")]
    public static partial VirError* GetLastError();

    [LibraryImport(Library, EntryPoint = "virResetLastError")]
    public static partial void ResetLastError();

    [LibraryImport(Library, EntryPoint = "virConnectOpen", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint ConnectOpen(string? uri);

    [LibraryImport(Library, EntryPoint = "virConnectOpenReadOnly", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint ConnectOpenReadOnly(string? uri);

    [LibraryImport(Library, EntryPoint = "virConnectClose")]
    public static partial int ConnectClose(nint connection);

    [LibraryImport(Library, EntryPoint = "virConnectSetKeepAlive")]
    public static partial int ConnectSetKeepAlive(ConnectionHandle connection, int intervalSeconds, uint count);

    [LibraryImport(Library, EntryPoint = "virEventRegisterDefaultImpl")]
    public static partial int EventRegisterDefault();

    [LibraryImport(Library, EntryPoint = "virEventRunDefaultImpl")]
    public static partial int EventRunDefault();

    [LibraryImport(Library, EntryPoint = "virConnectIsAlive")]
    public static partial int ConnectIsAlive(ConnectionHandle connection);

    [LibraryImport(Library, EntryPoint = "virConnectGetURI")]
    public static partial byte* ConnectGetUri(ConnectionHandle connection);

    [LibraryImport(Library, EntryPoint = "virConnectGetType")]
    public static partial byte* ConnectGetHypervisorType(ConnectionHandle connection);

    [LibraryImport(Library, EntryPoint = "virConnectGetCapabilities")]
    public static partial byte* ConnectGetCapabilities(ConnectionHandle connection);

    [LibraryImport(Library, EntryPoint = "virConnectGetLibVersion")]
    public static partial int ConnectGetLibraryVersion(ConnectionHandle connection, out CULong version);

    [LibraryImport(Library, EntryPoint = "virConnectGetVersion")]
    public static partial int ConnectGetVersion(ConnectionHandle connection, out CULong version);

    [LibraryImport(Library, EntryPoint = "virConnectListAllDomains")]
    public static partial int ConnectListAllDomains(ConnectionHandle connection, out nint* domains, uint flags);

    [LibraryImport(Library, EntryPoint = "virNodeGetFreePages")]
    public static partial int NodeGetFreePages(
        ConnectionHandle connection, uint pageCount, uint* pageSizes, int startCell, uint cellCount, ulong* counts, uint flags);

    [LibraryImport(Library, EntryPoint = "virNodeAllocPages")]
    public static partial int NodeAllocPages(
        ConnectionHandle connection, uint pageCount, uint* pageSizes, ulong* pageCounts, int startCell, uint cellCount, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainLookupByName", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint DomainLookupByName(ConnectionHandle connection, string name);

    [LibraryImport(Library, EntryPoint = "virDomainLookupByUUIDString", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint DomainLookupByUuid(ConnectionHandle connection, string uuid);

    [LibraryImport(Library, EntryPoint = "virDomainDefineXMLFlags", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint DomainDefine(ConnectionHandle connection, string xml, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainCreateXML", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint DomainCreateTransient(ConnectionHandle connection, string xml, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainFree")]
    public static partial int DomainFree(nint domain);

    [LibraryImport(Library, EntryPoint = "virDomainGetName")]
    public static partial byte* DomainGetName(DomainHandle domain);

    [LibraryImport(Library, EntryPoint = "virDomainGetUUIDString")]
    public static partial int DomainGetUuid(DomainHandle domain, byte* buffer);

    [LibraryImport(Library, EntryPoint = "virDomainGetID")]
    public static partial uint DomainGetId(DomainHandle domain);

    [LibraryImport(Library, EntryPoint = "virDomainGetState")]
    public static partial int DomainGetState(DomainHandle domain, out int state, out int reason, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainIsPersistent")]
    public static partial int DomainIsPersistent(DomainHandle domain);

    [LibraryImport(Library, EntryPoint = "virDomainIsActive")]
    public static partial int DomainIsActive(DomainHandle domain);

    [LibraryImport(Library, EntryPoint = "virDomainGetXMLDesc")]
    public static partial byte* DomainGetXml(DomainHandle domain, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainAttachDeviceFlags", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int DomainAttachDevice(DomainHandle domain, string xml, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainDetachDeviceFlags", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int DomainDetachDevice(DomainHandle domain, string xml, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainUpdateDeviceFlags", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int DomainUpdateDevice(DomainHandle domain, string xml, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainCreateWithFlags")]
    public static partial int DomainCreate(DomainHandle domain, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainShutdown")]
    public static partial int DomainShutdown(DomainHandle domain);

    [LibraryImport(Library, EntryPoint = "virDomainDestroy")]
    public static partial int DomainDestroy(DomainHandle domain);

    [LibraryImport(Library, EntryPoint = "virDomainUndefineFlags")]
    public static partial int DomainUndefine(DomainHandle domain, uint flags);

    /// <summary>libvirt prints each error to stderr unless it has a function to call; errors are asked for here, so this one does nothing.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static void IgnoreError(nint userData, VirError* error)
    {
    }

    /// <summary>Takes over a string that libvirt allocated (`free` is the caller's).</summary>
    public static string? TakeString(byte* text)
    {
        if (text is null)
        {
            return null;
        }

        string? copy = Marshal.PtrToStringUTF8((nint)text);
        NativeMemory.Free(text);
        return copy;
    }
}
