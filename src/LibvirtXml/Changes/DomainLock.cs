using System.Diagnostics;

namespace VirtioFs.LibvirtXml;

/// <summary>
/// Keeps two processes of one user from changing one domain at the same time: between looking at what libvirt has and changing it, others
/// wait. libvirt itself has nothing for this. Programs that do not know this lock are noticed by comparing.
/// </summary>
internal sealed class DomainLock : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>EWOULDBLOCK of flock(2), which .NET gives as the HResult.</summary>
    private const int WouldBlock = 11;

    // Whoever holds the lock may be waiting for a guest to let a device go.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly FileStream _file;

    private DomainLock(FileStream file)
    {
        _file = file;
    }

    /// <summary>Takes the lock of a domain, on whatever connection it is reached.</summary>
    /// <exception cref="DomainRuleException">Another process holds it for too long, or there is no place for lock files.</exception>
    /// <exception cref="OperationCanceledException">The connection's token was cancelled.</exception>
    public static DomainLock Take(LibvirtConnection connection, Guid uuid, string name)
    {
        string path = Path.Combine(Folder(), $"{uuid}.lock");
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                // .NET opens a file that is not shared with flock(LOCK_EX | LOCK_NB). The file stays: one that is removed while another
                // process opens it would be two locks.
                return new DomainLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException exception) when (exception.HResult == WouldBlock)
            {
                if (Stopwatch.GetElapsedTime(start) > Limit)
                {
                    throw new DomainRuleException(
                        "DomainBusy",
                        $"Another process has been changing the domain '{name}' for {Limit.TotalSeconds} seconds, so nothing was changed. Wait until it has finished, and try again.",
                        ErrorKind.Conflict);
                }

                connection.Pause(Pause);
            }
        }
    }

    public void Dispose() => _file.Dispose();

    private static string Folder()
    {
        string? runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        string?[] parents =
        [
            Environment.IsPrivilegedProcess ? "/run" : null,
            Path.IsPathRooted(runtime) ? runtime : null,
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData),
        ];
        foreach (string parent in parents.OfType<string>().Where(Directory.Exists))
        {
            try
            {
                return Directory.CreateDirectory(Path.Combine(parent, "virtiofs-locks"), OwnerOnly).FullName;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // The next one may do.
            }
        }

        throw new DomainRuleException(
            "NoLockFolder",
            "There is no folder where lock files can be made, so no domain is changed. Set XDG_RUNTIME_DIR to a folder that is yours alone.",
            ErrorKind.InvalidState);
    }
}
