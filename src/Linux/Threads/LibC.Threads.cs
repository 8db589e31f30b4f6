using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

internal static unsafe partial class LibC
{
    // sigset_t has 1024 bits (bits/types/__sigset_t.h).
    [LibraryImport(Library)]
    internal static partial int pthread_sigmask(int how, ulong* set, ulong* former);

    [LibraryImport(Library)]
    internal static partial int unshare(int flags);

    [LibraryImport(Library)]
    internal static partial uint umask(uint mask);

    [LibraryImport(Library)]
    internal static partial int chdir(byte* path);

    [LibraryImport(Library)]
    internal static partial uint geteuid();

    [LibraryImport(Library)]
    internal static partial uint getegid();

    [LibraryImport(Library)]
    internal static partial int getgroups(int size, uint* groups);

    // prctl is variadic; see SystemCall for why integer arguments may be declared as ordinary ones.
    [LibraryImport(Library)]
    internal static partial int prctl(int option, nint a, nint b, nint c, nint d);
}
