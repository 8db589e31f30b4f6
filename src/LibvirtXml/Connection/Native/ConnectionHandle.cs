using System.Runtime.InteropServices;

namespace VirtioFs.LibvirtXml;

/// <summary>A reference to a libvirt connection, given back when nobody uses it any more.</summary>
internal sealed class ConnectionHandle : SafeHandle
{
    private volatile bool _isGivenUp;

    private ConnectionHandle(nint pointer)
        : base(0, ownsHandle: true)
    {
        SetHandle(pointer);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Whether libvirt's client still takes the connection for an open one. It looks at its own state and does not ask the daemon.</summary>
    public bool IsAlive
    {
        get
        {
            try
            {
                return !_isGivenUp && !IsClosed && LibvirtNative.ConnectIsAlive(this) == 1;
            }
            catch (ObjectDisposedException)
            {
                return false;
            }
        }
    }

    public static ConnectionHandle Own(nint pointer) => new(pointer);

    /// <summary>Marks a connection whose daemon no longer answers, so that the next call opens another one.</summary>
    public void GiveUp() => _isGivenUp = true;

    // virConnectClose waits for the daemon's answer, which a dead one never gives, and this may be the finalizer's thread.
    protected override bool ReleaseHandle()
    {
        nint connection = handle;
        try
        {
            BlockingCall.Start(() => LibvirtNative.ConnectClose(connection));
            return true;
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
        {
            return false;
        }
    }
}
