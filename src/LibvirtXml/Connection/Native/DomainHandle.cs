using System.Runtime.InteropServices;

namespace VirtioFs.LibvirtXml.Connection.Native;

/// <summary>A reference to a libvirt domain, given back when nobody uses it any more.</summary>
internal sealed class DomainHandle : SafeHandle
{
    // A virDomain holds a reference to its connection. While this one is held too, virDomainFree never is what closes the connection, so
    // it never waits for a daemon.
    private DomainHandle(ConnectionHandle connection, nint pointer)
        : base(0, ownsHandle: true)
    {
        Connection = connection;
        bool isReferenced = false;
        connection.DangerousAddRef(ref isReferenced);
        SetHandle(pointer);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The connection that the reference belongs to.</summary>
    public ConnectionHandle Connection { get; }

    public static DomainHandle Own(ConnectionHandle connection, nint pointer) => new(connection, pointer);

    protected override bool ReleaseHandle()
    {
        bool isFreed = LibvirtNative.DomainFree(handle) >= 0;
        Connection.DangerousRelease();
        return isFreed;
    }
}
