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

    /// <summary>Makes a file without a name. Answers its descriptor, or a negated error number.</summary>
    public static int CreateFile(string directory, long size)
    {
        // asm-generic/fcntl.h O_TMPFILE, which is O_DIRECTORY besides; that differs on arm64.
        int temporary = 0x400000 | (RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000);
        int descriptor;
        fixed (byte* path = System.Text.Encoding.UTF8.GetBytes(directory + "\0"))
        {
            descriptor = Files.Open(Files.WorkingDirectory, path, OpenFlags.ReadWrite | temporary, 0x180);
        }

        return descriptor < 0 ? descriptor : Files.Truncate(descriptor, size) is int result and < 0 ? result : descriptor;
    }

    /// <summary>Makes a memfd of huge pages of 2 MiB. Answers its descriptor, or a negated error number.</summary>
    public static int CreateHuge(long size, bool sealable)
    {
        const uint CloseOnExec = 1, AllowSealing = 2, HugeTlb = 4, TwoMebibytes = 21u << 26;
        int descriptor;
        fixed (byte* name = "guest-memory-huge\0"u8)
        {
            descriptor = memfd_create(name, CloseOnExec | HugeTlb | TwoMebibytes | (sealable ? AllowSealing : 0));
        }

        return descriptor < 0 || Files.Truncate(descriptor, size) < 0 ? -1 : descriptor;
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
    private static partial int memfd_create(byte* name, uint flags);

    [LibraryImport("libc")]
    private static partial int pipe2(int* ends, int flags);
}
