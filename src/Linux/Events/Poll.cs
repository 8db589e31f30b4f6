using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>Waiting for descriptors (<c>poll(2)</c>).</summary>
public static unsafe class Poll
{
    /// <summary><c>POLLIN</c>: something can be read.</summary>
    public const short Readable = 1;

    /// <summary><c>POLLOUT</c>: something can be written.</summary>
    public const short Writable = 4;

    /// <summary><c>POLLERR | POLLHUP | POLLNVAL</c>: the other side is gone, or the descriptor is bad.</summary>
    public const short Broken = 0x8 | 0x10 | 0x20;

    /// <summary>Waits until one entry is ready. Answers how many are, 0 after the time, or a negated error number.</summary>
    /// <param name="entries">What to wait for; entries with a negative descriptor are passed over.</param>
    /// <param name="timeoutMilliseconds">Milliseconds, or -1 for no limit. A signal starts the time anew.</param>
    public static int Wait(Span<PollEntry> entries, int timeoutMilliseconds)
    {
        fixed (PollEntry* first = entries)
        {
            int result;
            do
            {
                result = LibC.Result(LibC.poll(first, (nuint)entries.Length, timeoutMilliseconds));
            }
            while (result == -Errno.EINTR);
            return result;
        }
    }
}

/// <summary>One descriptor to wait for (<c>struct pollfd</c>, <c>sys/poll.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct PollEntry
{
    /// <summary>The descriptor; a negative one is passed over.</summary>
    public int Descriptor;

    /// <summary>What to wait for: <see cref="Poll.Readable"/>, <see cref="Poll.Writable"/>.</summary>
    public short Events;

    /// <summary>What happened; <see cref="Poll.Broken"/> is always reported.</summary>
    public short Happened;
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int poll(PollEntry* entries, nuint count, int timeout);
}
