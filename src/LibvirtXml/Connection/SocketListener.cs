using VirtioFs.Linux;

namespace VirtioFs.LibvirtXml.Connection;

/// <summary>Whether somebody accepts connections on a Unix socket.</summary>
public static class SocketListener
{
    /// <summary>Checks that a socket accepts connections.</summary>
    /// <param name="path">The socket's absolute path.</param>
    /// <exception cref="DomainRuleException">The path is not there, is no socket, or nobody listens.</exception>
    public static void Require(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
        {
            throw new DomainRuleException(
                "SocketMissing",
                $"The socket '{path}' is not there, and a device is plugged in only when its socket accepts already. Start the share " +
                "first.",
                ErrorKind.NotFound);
        }

        if (!IsListening(path))
        {
            throw new DomainRuleException(
                "SocketNotAccepting",
                $"Nobody accepts connections on '{path}', and a device is plugged in only when its socket accepts already. Start the share " +
                "first; remove the file if it was left behind.",
                ErrorKind.InvalidState);
        }
    }

    /// <summary>Whether somebody listens on a socket of this network namespace. The socket's own file is the one that the path leads to.</summary>
    /// <param name="path">The socket's absolute path.</param>
    /// <returns>Whether it accepts connections.</returns>
    public static bool IsListening(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return BoundSockets.IsListening(path);
    }
}
