using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>A counter to wake somebody with (<c>eventfd(2)</c>): vhost-user's kicks and calls.</summary>
public static unsafe class EventFd
{
    private const int CloExec = 0x80000, NonBlock = 0x800;

    /// <summary>Makes one that never blocks its reader or writer. Answers the descriptor.</summary>
    public static int Create() => LibC.Result(LibC.eventfd(0, CloExec | NonBlock));

    /// <summary>
    /// Adds one. It waits for room where somebody else has taken <c>O_NONBLOCK</c> from the open description and filled the counter.
    /// Zero, or a negated error number; EAGAIN (the counter is full) is success, since the waiter will wake anyway.
    /// </summary>
    public static int Signal(int descriptor)
    {
        ulong one = 1;
        nint result = LibC.Result(LibC.write(descriptor, &one, sizeof(ulong)));
        return result is > 0 or -Errno.EAGAIN ? 0 : (int)result;
    }

    /// <summary>Takes the counter back to zero, and never waits, whatever the flags of the open description. True when it was above zero.</summary>
    public static bool Drain(int descriptor)
    {
        const long CurrentPosition = -1;
        ulong value;
        IoVec piece = new((nint)(&value), sizeof(ulong));
        nint result = LibC.Result(LibC.preadv2(descriptor, &piece, 1, CurrentPosition, Files.NoWait));
        if (result == -Errno.EOPNOTSUPP)
        {
            // Before Linux 5.8 for counters, and 6.4 for pipes, which are opened anew and then never wait.
            result = LibC.Result(LibC.read(descriptor, &value, sizeof(ulong)));
        }

        return result == sizeof(ulong);
    }

    /// <summary>Whether one can be added without waiting: not when the counter is full.</summary>
    public static bool HasRoom(int descriptor)
    {
        PollEntry entry = new() { Descriptor = descriptor, Events = Poll.Writable };
        return Poll.Wait(new Span<PollEntry>(ref entry), 0) != 0 && (entry.Happened & Poll.Writable) != 0;
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
