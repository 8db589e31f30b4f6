using System.Runtime.InteropServices;

namespace VirtioFs.LibvirtXml.Connection.Native;

/// <summary>A reference to a libvirt connection, given back when nobody uses it any more.</summary>
internal sealed class ConnectionHandle : SafeHandle
{
    private volatile bool _isGivenUp;
    private int _isTaken;

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

    /// <summary>
    /// Takes the connection for one call, if no other is made on it. libvirt's client lets several threads wait on one connection, but before
    /// libvirt 10.4 one that is woken leaves a pointer into its stack behind (CVE-2024-4418), by which a later call ends the process.
    /// </summary>
    public bool TryTake() => Interlocked.CompareExchange(ref _isTaken, 1, 0) == 0;

    /// <summary>Lets others make calls again.</summary>
    public void Return() => Volatile.Write(ref _isTaken, 0);

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
