using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>The process's directory of its own descriptors, <c>/proc/self/fd</c>, also for a process whose root has no <c>/proc</c>.</summary>
public static unsafe class DescriptorDirectory
{
    private static int s_kept = -1;

    /// <summary>The one that is kept for the process; negative when <c>/proc</c> is used.</summary>
    internal static int Kept => s_kept;

    /// <summary>Uses this descriptor of it from now on, for as long as the process lives.</summary>
    public static void Keep(int descriptor) => s_kept = descriptor;

    /// <summary>A descriptor of it that is the caller's own, or a negated error number.</summary>
    public static int Open() => s_kept >= 0 ? Files.Duplicate(s_kept) : Files.Open("/proc/self/fd", OpenFlags.Path | OpenFlags.Directory);

    /// <summary>Makes it the calling thread's working directory. Zero, or a negated error number.</summary>
    internal static int Enter()
    {
        if (s_kept >= 0)
        {
            return LibC.Result(LibC.fchdir(s_kept));
        }

        fixed (byte* path = "/proc/self/fd\0"u8)
        {
            return LibC.Result(LibC.chdir(path));
        }
    }
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int fchdir(int directory);
}
