using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>Limits of the process (<c>getrlimit(2)</c>). They are read, never changed.</summary>
public static unsafe class ProcessLimits
{
    private const int NoFile = 7;

    /// <summary>How many descriptors the process may hold (<c>RLIMIT_NOFILE</c>, the limit in force).</summary>
    public static long Descriptors
    {
        get
        {
            ResourceLimit limit;
            return LibC.getrlimit(NoFile, &limit) == 0 ? (long)Math.Min(limit.Current, int.MaxValue) : 1024;
        }
    }

    /// <summary><c>struct rlimit</c> (<c>bits/resource.h</c>).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ResourceLimit
    {
        public ulong Current;
        public ulong Maximum;
    }
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int getrlimit(int resource, ProcessLimits.ResourceLimit* limit);
}
