using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using VirtioFs.LibvirtXml.Connection;
using VirtioFs.Linux;

namespace VirtioFs.LibvirtXml.Changes;

/// <summary>
/// Keeps two processes from changing one domain at the same time: between looking at what libvirt has and changing it, others wait.
/// libvirt itself has nothing for this. Programs that do not know this lock are noticed by comparing.
/// </summary>
internal sealed class DomainLock : IDisposable
{
    // Whoever holds the lock may be waiting for a guest to let a device go.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly SafeFileHandle _file;

    private DomainLock(SafeFileHandle file)
    {
        _file = file;
    }

    /// <summary>Takes the lock of a domain, on whatever connection it is reached.</summary>
    /// <exception cref="DomainRuleException">Another process holds it for too long, or there is no place for lock files.</exception>
    /// <exception cref="OperationCanceledException">The connection's token was cancelled.</exception>
    public static DomainLock Take(LibvirtConnection connection, Guid uuid, string name)
    {
        // The file stays: one that is removed while another process opens it would be two locks.
        SafeFileHandle file = DomainLockFile.Open($"{uuid}.lock");
        long start = Stopwatch.GetTimestamp();
        try
        {
            while (FileLocks.Flock((int)file.DangerousGetHandle(), FileLocks.Write) != 0)
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

            return new DomainLock(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();
}
