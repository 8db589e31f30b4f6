using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>What only <c>ioctl(2)</c> does to files.</summary>
public static unsafe class FileControl
{
    /// <summary>Sends a request with its argument in memory.</summary>
    public static int Send(int descriptor, uint request, byte* argument) => LibC.Result(LibC.ioctl(descriptor, request, (nint)argument));
}

internal static unsafe partial class LibC
{
    // ioctl is variadic; see SystemCall for why a pointer may be declared as an ordinary argument.
    [LibraryImport(Library)]
    internal static partial int ioctl(int fd, nuint request, nint argument);
}
