using System.Runtime.InteropServices;
using VirtioFs.Linux;

namespace VirtioFs.Frontend.Memory;

/// <summary>What a hostile front end does to open descriptions and files after it has given them away.</summary>
public static unsafe partial class SharedDescription
{
    private const int GetStatusFlags = 3, SetStatusFlags = 4;

    /// <summary>The largest number that a user can bring an event counter to (<c>eventfd(2)</c>).</summary>
    private const ulong FullCounter = ulong.MaxValue - 1;

    /// <summary>Makes whoever reads or writes wait.</summary>
    public static void MakeBlocking(int descriptor) => _ = fcntl(descriptor, SetStatusFlags, fcntl(descriptor, GetStatusFlags, 0) & ~OpenFlags.NonBlock);

    /// <summary>Whether readers and writers are to wait.</summary>
    public static bool IsBlocking(int descriptor) => (fcntl(descriptor, GetStatusFlags, 0) & OpenFlags.NonBlock) == 0;

    /// <summary>Fills an event counter. Waits where it is blocking and has no room for that much.</summary>
    public static void Fill(int counter)
    {
        ulong value = FullCounter;
        _ = write(counter, &value, sizeof(ulong));
    }

    /// <summary>Writes to a pipe until it is full.</summary>
    public static void FillPipe(int pipe)
    {
        bool blocks = IsBlocking(pipe);
        _ = SocketOptions.SetNonBlocking(pipe);
        ulong value = 1;
        while (write(pipe, &value, sizeof(ulong)) > 0)
        {
        }

        if (blocks)
        {
            MakeBlocking(pipe);
        }
    }

    /// <summary>Makes a pipe.</summary>
    public static void MakePipe(out int reader, out int writer)
    {
        const int CloseOnExec = 0x80000;
        int* ends = stackalloc int[2];
        _ = LinuxException.Check(pipe2(ends, CloseOnExec), "Making a pipe failed");
        (reader, writer) = (ends[0], ends[1]);
    }

    [LibraryImport("libc")]
    private static partial int fcntl(int fd, int command, nint argument);

    [LibraryImport("libc")]
    private static partial nint write(int fd, void* buffer, nuint count);

    [LibraryImport("libc")]
    private static partial int pipe2(int* ends, int flags);
}
