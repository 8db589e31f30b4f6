using System.Globalization;
using Microsoft.Win32.SafeHandles;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Control;

/// <summary>
/// Where a user's detached shares have their records and control sockets: a folder that nobody else can look into. What lies there counts
/// only where it has the folder's owner, and nobody else can write it.
/// </summary>
public static class ControlFolder
{
    /// <summary>The environment variable that names another folder.</summary>
    public const string Variable = "VIRTIOFS_RUNTIME_DIRECTORY";

    /// <summary>What the name of a control socket ends with.</summary>
    public const string SocketSuffix = ".control";

    /// <summary>What the name of a record ends with, beyond that of its control socket.</summary>
    internal const string RecordSuffix = ".json";

    private const int LargestRecord = 1 << 16;
    private const uint RightsOfOthers = 0b000_111_111;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The user's folder, below /run/virtiofs for root, else below $XDG_RUNTIME_DIR; null where there is no such place.</summary>
    public static string? Path
    {
        get
        {
            if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given)
            {
                return System.IO.Path.IsPathRooted(given) ? given : null;
            }

            string? runtime = Environment.IsPrivilegedProcess ? "/run" : Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
            return System.IO.Path.IsPathRooted(runtime) ? System.IO.Path.Combine(runtime, "virtiofs", "detached") : null;
        }
    }

    /// <summary>The control socket of a share; two tags never have the same.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="tag">The share's tag.</param>
    public static string SocketFor(string folder, string tag) => System.IO.Path.Combine(
        folder, tag.Replace("%", "%25", StringComparison.Ordinal).Replace("/", "%2F", StringComparison.Ordinal).Replace(".", "%2E", StringComparison.Ordinal) + SocketSuffix);

    /// <summary>Makes the folder, where it is not there, in one that is.</summary>
    /// <exception cref="IOException">It cannot be made, or others can get into it.</exception>
    public static void Ensure(string folder)
    {
        if (!System.IO.Path.Exists(folder))
        {
            Directory.CreateDirectory(folder, OwnerOnly);
        }

        Require(folder);
    }

    /// <summary>Requires that nobody but this user gets into the folder.</summary>
    /// <exception cref="IOException">Others can.</exception>
    internal static void Require(string folder)
    {
        if (OwnerOf(folder) != ProcessSession.EffectiveUserId)
        {
            throw new IOException($"The folder for detached shares, '{folder}', is not a directory that is yours and closed to all others. Correct its owner, and its mode to 0700.");
        }
    }

    /// <summary>The folders whose shares this user may see, with their owners: the user's own; root sees those of all.</summary>
    internal static IEnumerable<(string Folder, uint Owner)> Visible()
    {
        List<(string Folder, uint? Owner)> folders = [(Path ?? string.Empty, ProcessSession.EffectiveUserId)];
        if (Environment.IsPrivilegedProcess && string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Variable)) && Directory.Exists("/run/user"))
        {
            folders.AddRange(Directory.EnumerateDirectories("/run/user").Select(user => (System.IO.Path.Combine(user, "virtiofs", "detached"),
                uint.TryParse(System.IO.Path.GetFileName(user), NumberStyles.None, CultureInfo.InvariantCulture, out uint id) ? id : (uint?)null)));
        }

        return folders.Where(entry => entry.Folder.Length > 0 && entry.Owner is not null && OwnerOf(entry.Folder) == entry.Owner)
            .Select(entry => (entry.Folder, entry.Owner!.Value));
    }

    /// <summary>The content of a small file that is this owner's and that nobody else can write; null for any other.</summary>
    internal static byte[]? ReadOwnFile(string path, uint owner)
    {
        using SafeFileHandle file = new(Files.Open(path, OpenFlags.ReadOnly | OpenFlags.NoFollow | OpenFlags.NonBlock | OpenFlags.NoControllingTerminal), ownsHandle: true);
        if (file.IsInvalid || FileStatus.Of((int)file.DangerousGetHandle(), out FileStatus status) < 0)
        {
            return null;
        }

        bool isOwn = status.Type == FileStatus.Regular && status.UserId == owner && (status.Mode & RightsOfOthers) == 0 && status.Size <= LargestRecord;
        if (!isOwn)
        {
            return null;
        }

        byte[] bytes = new byte[status.Size];
        return RandomAccess.Read(file, bytes, 0) == bytes.Length ? bytes : null;
    }

    // Null where it is no directory, or others can get into it.
    private static uint? OwnerOf(string folder)
    {
        using SafeFileHandle directory = new(Files.Open(folder, OpenFlags.Path | OpenFlags.NoFollow), ownsHandle: true);
        return !directory.IsInvalid
            && FileStatus.Of((int)directory.DangerousGetHandle(), out FileStatus status) == 0
            && status.Type == FileStatus.Directory
            && (status.Mode & RightsOfOthers) == 0
                ? status.UserId
                : null;
    }
}
