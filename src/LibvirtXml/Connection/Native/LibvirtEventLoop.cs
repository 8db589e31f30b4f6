namespace VirtioFs.LibvirtXml.Connection.Native;

/// <summary>
/// libvirt's own event loop, on a thread that sleeps until something happens. With it the client notices at once that a daemon has closed
/// a connection, and sends keepalive messages where it can, so that one that stopped answering is noticed too.
/// </summary>
internal static class LibvirtEventLoop
{
    /// <summary>Seconds between two keepalive messages.</summary>
    public const int KeepAliveInterval = 5;

    /// <summary>How many may stay without an answer before the connection is closed.</summary>
    public const uint KeepAliveCount = 5;

    /// <summary>
    /// The first version whose client takes a keepalive message while a thread waits for an answer. In those before it such a thread leaves a pointer
    /// into its stack behind (CVE-2024-4418).
    /// </summary>
    private static readonly Version KeepAliveVersion = new(10, 4, 0);

    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);

    /// <summary>Registers and starts the loop. It has to be there before the first connection is opened.</summary>
    public static void Start()
    {
        // Whatever registered an event loop in this process before runs it, too.
        if (LibvirtNative.EventRegisterDefault() < 0)
        {
            return;
        }

        new Thread(Run) { IsBackground = true, Name = "libvirt events" }.Start();
    }

    /// <summary>Has a connection closed when the other end does not answer for a while, where this library can do that.</summary>
    public static void WatchOver(ConnectionHandle connection)
    {
        if (LibvirtLibrary.GetVersion() < KeepAliveVersion)
        {
            return;
        }

        // Drivers without a daemon, and daemons before libvirt 0.9.8, have no keepalive; that is no reason to do without the connection.
        _ = LibvirtNative.ConnectSetKeepAlive(connection, KeepAliveInterval, KeepAliveCount);
        LibvirtNative.ResetLastError();
    }

    private static void Run()
    {
        while (true)
        {
            if (LibvirtNative.EventRunDefault() < 0)
            {
                Thread.Sleep(PauseAfterFailure);
            }
        }
    }
}
