using System.Runtime.InteropServices;

namespace VirtioFs.LibvirtXml;

/// <summary>A reference to a libvirt connection, given back when nobody uses it any more.</summary>
internal sealed class ConnectionHandle : SafeHandle
{
    public ConnectionHandle()
        : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => LibvirtNative.ConnectClose(handle) >= 0;
}
