using System.Runtime.InteropServices;

namespace VirtioFs.Fuzz;

/// <summary>A limit of this process (<c>setrlimit(2)</c>): a guest that fills a disk would be a guest that only does that.</summary>
internal static unsafe partial class ResourceLimit
{
    private const int FileSize = 1, IgnoreSignal = 1, FileSizeSignal = 25;

    /// <summary>No file gets longer than so many bytes.</summary>
    internal static void SetLargestFile(long bytes)
    {
        long* limits = stackalloc long[] { bytes, bytes };
        _ = signal(FileSizeSignal, IgnoreSignal);
        _ = setrlimit(FileSize, limits);
    }

    [LibraryImport("libc")]
    private static partial int setrlimit(int resource, long* limits);

    [LibraryImport("libc")]
    private static partial nint signal(int number, nint handler);
}
