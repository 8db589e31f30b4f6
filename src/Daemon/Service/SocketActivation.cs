using System.Globalization;

namespace VirtioFs.Daemon.Service;

/// <summary>A listening socket that the program was started with (sd_listen_fds(3)).</summary>
internal static class SocketActivation
{
    private const int First = 3;

    /// <summary>Its descriptor; null when there is none.</summary>
    /// <exception cref="FormatException">There are several.</exception>
    internal static int? Find()
    {
        if (Environment.GetEnvironmentVariable("LISTEN_PID") != Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
        {
            return null;
        }

        return Environment.GetEnvironmentVariable("LISTEN_FDS") switch
        {
            null or "0" => null,
            "1" => First,
            var count => throw new FormatException($"The program was started with {count} sockets, and serves one: give each share a socket unit of its own."),
        };
    }
}
