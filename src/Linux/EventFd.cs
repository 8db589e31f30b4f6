using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>A counter to wake somebody with (<c>eventfd(2)</c>): vhost-user's kicks and calls.</summary>
public static unsafe class EventFd
{
    private const int CloExec = 0x80000, NonBlock = 0x800;

    /// <summary>Makes one that never blocks its reader or writer. Answers the descriptor.</summary>
    public static int Create() => LibC.Result(LibC.eventfd(0, CloExec | NonBlock));

    /// <summary>Adds one. Zero, or a negated error number; EAGAIN (the counter is full) is success, since the waiter will wake anyway.</summary>
    public static int Signal(int descriptor)
    {
        ulong one = 1;
        nint result = LibC.Result(LibC.write(descriptor, &one, sizeof(ulong)));
        return result is > 0 or -Errno.EAGAIN ? 0 : (int)result;
    }

    /// <summary>Takes the counter back to zero without waiting. True when it was above zero.</summary>
    public static bool Drain(int descriptor)
    {
        ulong value;
        return LibC.read(descriptor, &value, sizeof(ulong)) == sizeof(ulong);
    }
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int eventfd(uint initial, int flags);

    [LibraryImport(Library)]
    internal static partial nint read(int fd, void* buffer, nuint count);

    [LibraryImport(Library)]
    internal static partial nint write(int fd, void* buffer, nuint count);
}
