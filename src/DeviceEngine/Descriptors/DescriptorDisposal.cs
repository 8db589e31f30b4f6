using VirtioFs.DeviceEngine.Threads;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Descriptors;

/// <summary>
/// Closes what a front end gave. Closing can wait as well: for the server of a FUSE file system (<c>fs/fuse/file.c fuse_flush</c>), for
/// data of a connection that lingers, and so for a socket that such a descriptor is on its way through.
/// </summary>
internal static class DescriptorDisposal
{
    private const int StackSize = 128 * 1024;

    /// <summary>The most threads of the process that may be stuck in closing; beyond, who closes waits by himself.</summary>
    private const int MostThreads = 64;

    private static int s_threads;

    /// <summary>Closes a descriptor, on a thread of its own where that may take time. A negative one is left alone.</summary>
    internal static void Close(int descriptor)
    {
        if (descriptor < 0)
        {
            return;
        }

        bool isQuick = ForeignDescriptor.KindOf(descriptor)
            is DescriptorKind.EventCounter or DescriptorKind.Pipe or DescriptorKind.MemoryFile or DescriptorKind.DiskFile;
        if (isQuick || !TryStart(() => FileDescriptor.Close(descriptor)))
        {
            FileDescriptor.Close(descriptor);
        }
    }

    /// <summary>Closes a connection, with whatever descriptors are in messages that nobody took.</summary>
    internal static void Close(FileDescriptor connection)
    {
        _ = UnixSocket.Shutdown(connection.Value);
        if (!SocketOptions.HasUnread(connection.Value) || !TryStart(connection.Dispose))
        {
            connection.Dispose();
        }
    }

    private static bool TryStart(Action close)
    {
        if (Interlocked.Increment(ref s_threads) > MostThreads)
        {
            _ = Interlocked.Decrement(ref s_threads);
            return false;
        }

        Thread thread = new(
            () =>
            {
                close();
                _ = Interlocked.Decrement(ref s_threads);
            },
            StackSize) { IsBackground = true, Name = "vfs-close" };
        try
        {
            ThreadStarter.Start(thread);
            return true;
        }
        catch (Exception fault) when (fault is OutOfMemoryException or ThreadStartException)
        {
            _ = Interlocked.Decrement(ref s_threads);
            return false;
        }
    }
}
