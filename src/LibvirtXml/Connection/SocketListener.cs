using Microsoft.Win32.SafeHandles;
using VirtioFs.LibvirtXml.Files;

namespace VirtioFs.LibvirtXml;

/// <summary>
/// Whether somebody accepts connections on a Unix socket. Nobody connects to find out: virtiofsd serves one connection and leaves when
/// that ends.
/// </summary>
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

    /// <summary>Whether somebody listens on a socket of this network namespace.</summary>
    /// <param name="path">The socket's absolute path.</param>
    /// <returns>Whether it accepts connections.</returns>
    public static bool IsListening(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using SafeFileHandle? file = FileCalls.Open(null, path, FileCalls.OpenPath, 0, out _);
        if (file is null || FileStatus.Of(file) is not { IsSocket: true } status)
        {
            return false;
        }

        return SocketDiagnosis.List() is IReadOnlyList<ListeningSocket> sockets
            ? sockets.Any(socket => IsThat(socket, status.Stamp, path))
            : IsListed(path);
    }

    /// <summary>
    /// The socket's own file is the one that the path leads to: a listener outlives its file, and anybody may bind another socket to
    /// the same name elsewhere. Where stat(2) shows other devices than the kernel has (overlayfs, btrfs), the name has to agree.
    /// </summary>
    private static bool IsThat(ListeningSocket socket, FileStamp file, string path)
    {
        uint device = ((uint)file.Device << 20) | (uint)(file.Device >> 32);
        return socket.Inode == (uint)file.Inode && (socket.Device == device || IsSamePath(socket.Name, path));
    }

    private static bool IsSamePath(string name, string path) =>
        name == path || (name.StartsWith('/') && RealPath.Of(name) is string real && real == RealPath.Of(path));

    /// <summary>
    /// A kernel without CONFIG_UNIX_DIAG lists sockets by lines alone, of which anybody can write some. That may make a dead socket look
    /// alive, and the hypervisor finds out.
    /// </summary>
    private static bool IsListed(string path)
    {
        const string AcceptsConnections = "00010000";
        const int Flags = 3, Name = 7;
        return File.ReadLines("/proc/net/unix")
            .Select(line => line.Split(' ', Name + 1, StringSplitOptions.RemoveEmptyEntries))
            .Any(fields => fields.Length > Name && fields[Flags] == AcceptsConnections && IsSamePath(fields[Name], path));
    }
}
