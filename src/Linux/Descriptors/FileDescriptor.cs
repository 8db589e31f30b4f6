using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VirtioFs.Linux;

/// <summary>An owned file descriptor at the edges of the engine; inside it travels as a plain <see cref="int"/>.</summary>
public sealed class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    private static long s_strayCloses;

    /// <summary>Takes ownership of <paramref name="descriptor"/>.</summary>
    public FileDescriptor(int descriptor) : base(ownsHandle: true) => SetHandle(descriptor);

    /// <summary>The plain number, valid as long as this object is.</summary>
    public int Value => (int)handle;

    /// <summary>
    /// How often this process closed a descriptor that was not open. Each time is a fault: a descriptor that is closed twice may be another
    /// file's by then.
    /// </summary>
    public static long StrayCloses => Interlocked.Read(ref s_strayCloses);

    /// <summary>Closes a plain descriptor. Linux frees the number even when close(2) reports an error, so nothing is retried.</summary>
    /// <param name="descriptor">The descriptor; a negative one is left alone.</param>
    public static void Close(int descriptor)
    {
        if (descriptor >= 0)
        {
            _ = TryClose(descriptor);
        }
    }

    /// <summary>Closes a plain descriptor, whose number is free also when this answers a negated error number.</summary>
    public static int TryClose(int descriptor)
    {
        int result = LibC.Result(LibC.close(descriptor));
        if (result == -Errno.EBADF)
        {
            _ = Interlocked.Increment(ref s_strayCloses);
        }

        return result;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => TryClose((int)handle) == 0;
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int close(int fd);
}
