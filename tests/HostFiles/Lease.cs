using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VirtioFs.HostFiles;

/// <summary>A write lease of this process on a file (fcntl(2), F_SETLEASE), which it does not give up when it is asked to: who opens the file waits.</summary>
internal sealed partial class Lease : IDisposable
{
    private const int SetSignal = 10, SetLease = 1024, WriteLease = 1;

    // By default the kernel asks with SIGIO, which ends a process; SIGURG does nothing.
    private const int HarmlessSignal = 23;

    private readonly SafeFileHandle _file;

    private Lease(SafeFileHandle file) => _file = file;

    /// <summary>Takes a lease. The test is skipped where the file system has none.</summary>
    internal static Lease Take(string path)
    {
        Lease? lease = TryTake(path);
        int error = Marshal.GetLastPInvokeError();
        Assert.SkipWhen(lease is null, $"The file system of '{path}' gives no leases: error {error}.");
        return lease!;
    }

    /// <summary>Takes a lease. Null where the file system has none.</summary>
    internal static Lease? TryTake(string path)
    {
        SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (fcntl(file, SetSignal, HarmlessSignal) == 0 && fcntl(file, SetLease, WriteLease) == 0)
        {
            return new Lease(file);
        }

        file.Dispose();
        return null;
    }

    /// <summary>Gives it up.</summary>
    public void Dispose() => _file.Dispose();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(SafeFileHandle descriptor, int command, nint argument);
}
