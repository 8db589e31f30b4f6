using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>
/// Access to memory of this process that may be gone when it is touched, as a mapping behind the end of a file that somebody else made
/// shorter. A plain access would raise SIGBUS, which ends the process; the kernel's own copy answers EFAULT
/// (<c>process_vm_readv(2)</c>, of the caller itself).
/// </summary>
public static unsafe class GuardedMemory
{
    private static readonly bool s_isAvailable = Probe();

    /// <summary>Whether the system lets this process do so; a filter of system calls may not.</summary>
    public static bool IsAvailable => s_isAvailable;

    /// <summary>Copies out of memory that may be gone. False when it is; what the target holds then is undefined.</summary>
    public static bool TryRead(nint source, void* target, nuint length)
    {
        IoVec piece = new(source, length);
        return TryRead(&piece, 1, target, length);
    }

    /// <summary>Copies several pieces, one after the other.</summary>
    /// <param name="pieces">Where they lie.</param>
    /// <param name="count">How many.</param>
    /// <param name="target">Room for all of them.</param>
    /// <param name="length">Their bytes in all.</param>
    /// <returns>False when some of the memory is gone; what the target holds then is undefined.</returns>
    public static bool TryRead(IoVec* pieces, int count, void* target, nuint length)
    {
        IoVec local = new((nint)target, length);
        return length == 0 || LibC.process_vm_readv(Environment.ProcessId, &local, 1, pieces, (nuint)count, 0) == (nint)length;
    }

    /// <summary>Copies into memory that may be gone. False when it is; then some of the bytes may have been written.</summary>
    public static bool TryWrite(nint target, void* source, nuint length)
    {
        IoVec local = new((nint)source, length);
        IoVec piece = new(target, length);
        return length == 0 || LibC.process_vm_writev(Environment.ProcessId, &local, 1, &piece, 1, 0) == (nint)length;
    }

    private static bool Probe()
    {
        ulong source = 1, target = 0;
        return TryRead((nint)(&source), &target, sizeof(ulong)) && target == source && TryWrite((nint)(&source), &target, sizeof(ulong));
    }
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial nint process_vm_readv(int process, IoVec* local, nuint localCount, IoVec* remote, nuint remoteCount, nuint flags);

    [LibraryImport(Library)]
    internal static partial nint process_vm_writev(int process, IoVec* local, nuint localCount, IoVec* remote, nuint remoteCount, nuint flags);
}
