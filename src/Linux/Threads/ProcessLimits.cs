using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>Limits of the process (<c>getrlimit(2)</c>). In a user's shell they are read, never changed.</summary>
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

    /// <summary>Sets how many descriptors the process may hold, for a process that is the caller's own. Zero, or a negated error number.</summary>
    public static int SetDescriptors(int count)
    {
        ResourceLimit limit = new() { Current = (ulong)count, Maximum = (ulong)count };
        return LibC.Result(LibC.setrlimit(NoFile, &limit));
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

    [LibraryImport(Library)]
    internal static partial int setrlimit(int resource, ProcessLimits.ResourceLimit* limit);
}
