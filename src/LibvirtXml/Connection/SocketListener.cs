namespace VirtioFs.LibvirtXml;

/// <summary>
/// Whether somebody listens on a socket. It is not tried by connecting: a daemon such as virtiofsd serves one connection and leaves when
/// that ends.
/// </summary>
public static class SocketListener
{
    /// <summary>`struct unix_sock` flags in /proc/net/unix: __SO_ACCEPTCON.</summary>
    private const int AcceptsConnections = 0x10000;

    /// <summary>Checks that a socket accepts connections.</summary>
    /// <param name="path">The socket's absolute path.</param>
    /// <param name="procRoot">Where procfs is mounted.</param>
    /// <exception cref="DomainRuleException">The path is not there, is no socket, or nobody listens.</exception>
    public static void Require(string path, string procRoot = "/proc")
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
        {
            throw new DomainRuleException(
                "SocketMissing",
                $"The socket '{path}' is not there, and a device is plugged in only when its socket accepts already. Start the share first, for example with " +
                "Start-VirtioFsShare.",
                ErrorKind.NotFound);
        }

        if (!IsListening(path, procRoot))
        {
            throw new DomainRuleException(
                "SocketNotAccepting",
                $"Nobody accepts connections on '{path}', and a device is plugged in only when its socket accepts already. Start the share first, for example " +
                "with Start-VirtioFsShare; remove the file if it was left behind.",
                ErrorKind.InvalidState);
        }
    }

    /// <summary>Whether somebody listens on a socket of this network namespace.</summary>
    /// <param name="path">The socket's absolute path.</param>
    /// <param name="procRoot">Where procfs is mounted.</param>
    /// <returns>Whether it accepts connections.</returns>
    public static bool IsListening(string path, string procRoot = "/proc")
    {
        string name = Path.GetFileName(path);
        string wanted = RealPath.Of(path) ?? path;
        return File.ReadLines(Path.Combine(procRoot, "net/unix"))
            .Skip(1)
            .Select(line => line.Split(' ', 8, StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields.Length == 8 && (Convert.ToInt32(fields[3], 16) & AcceptsConnections) != 0)
            .Where(fields => Path.GetFileName(fields[7]) == name)
            .Any(fields => fields[7] == path || (fields[7].StartsWith('/') && RealPath.Of(fields[7]) == wanted))
            && IsSocket(path);
    }

    // A listener outlives its file for as long as any process holds it, and another file may have the name by then. Only what is no
    // socket can be opened (open(2): ENXIO).
    private static bool IsSocket(string path)
    {
        try
        {
            File.OpenHandle(path).Dispose();
            return false;
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }
}
