using Mono.Unix;

namespace VirtioFs.Cmdlets;

/// <summary>Where a share's socket lies when the user names none: /run/virtiofs for root, else below $XDG_RUNTIME_DIR.</summary>
internal static class DefaultSocket
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // A virtual machine runs as a user of its own and must reach the socket; the socket's own mode says who may connect.
    private const UnixFileMode OthersPass = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>The socket's path, or null when there is no folder for it.</summary>
    internal static string? PathFor(string tag) => Folder() is { } folder ? Path.Combine(folder, FileName(tag)) : null;

    /// <summary>Makes sure that the folder exists and that nobody but its owner can put a socket of his own there.</summary>
    /// <exception cref="UnsafeSocketFolderException">Others could put a socket into it.</exception>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be made.</exception>
    internal static void EnsureFolder(string socketPath) => EnsureParent(socketPath);

    /// <summary>Makes sure of the folder that a path lies in, as <see cref="EnsureFolder"/> does.</summary>
    internal static void EnsureParent(string socketPath)
    {
        string folder = Path.GetDirectoryName(socketPath)!;
        if (!Path.Exists(folder))
        {
            Directory.CreateDirectory(folder, OwnerOnly);
            if (Environment.IsPrivilegedProcess)
            {
                File.SetUnixFileMode(folder, OthersPass);
            }
        }

        UnixFileSystemInfo entry = new UnixSymbolicLinkInfo(folder);
        bool othersWrite = (entry.FileAccessPermissions & (FileAccessPermissions.GroupWrite | FileAccessPermissions.OtherWrite)) != 0;
        if (!entry.IsDirectory || othersWrite || entry.OwnerUserId != UnixEnvironment.EffectiveUserId)
        {
            throw new UnsafeSocketFolderException($"The folder for sockets, '{folder}', is not a directory that you own and that nobody else can write to.");
        }
    }

    private static string? Folder()
    {
        if (Environment.IsPrivilegedProcess)
        {
            return "/run/virtiofs";
        }

        string? runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        return Path.IsPathRooted(runtime) ? Path.Combine(runtime, "virtiofs") : null;
    }

    // A tag may hold anything; a file name may hold no slash, and two tags never share one name.
    private static string FileName(string tag) =>
        tag.Replace("%", "%25", StringComparison.Ordinal).Replace("/", "%2F", StringComparison.Ordinal) + ".sock";
}
