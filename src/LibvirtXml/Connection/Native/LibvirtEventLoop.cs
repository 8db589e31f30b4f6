namespace VirtioFs.LibvirtXml;

/// <summary>
/// libvirt's own event loop, on a thread that sleeps until something happens. With it the client notices at once that a daemon has closed
/// a connection, and sends keepalive messages, so that one that stopped answering is noticed too.
/// </summary>
internal static class LibvirtEventLoop
{
    /// <summary>Seconds between two keepalive messages.</summary>
    public const int KeepAliveInterval = 5;

    /// <summary>How many may stay without an answer before the connection is closed.</summary>
    public const uint KeepAliveCount = 5;

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
