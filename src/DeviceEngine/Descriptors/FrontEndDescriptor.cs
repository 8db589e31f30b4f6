using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Descriptors;

/// <summary>Descriptors that a front end gives for kicks, calls and errors.</summary>
internal static class FrontEndDescriptor
{
    /// <summary>
    /// Makes sure that no use of a descriptor waits for anybody. A pipe is opened anew, so that its flags are this process's own; a counter
    /// cannot be (<c>fs/anon_inodes.c</c>), but is read without waiting whatever its flags, and for writing see <see cref="FrontEndSignal"/>.
    /// A Unix socket is written to without waiting whatever its flags, and is none to read from.
    /// </summary>
    /// <param name="descriptor">The descriptor; another one afterwards where it was opened anew.</param>
    /// <param name="forWriting">Whether it is written to; else it is read.</param>
    /// <param name="kind">What it is.</param>
    /// <returns>Null, or what is wrong, as the end of a sentence; then the descriptor is as it was.</returns>
    internal static string? TryPrepare(ref int descriptor, bool forWriting, out DescriptorKind kind)
    {
        kind = ForeignDescriptor.KindOf(descriptor);
        switch (kind)
        {
            case DescriptorKind.EventCounter:
                _ = SocketOptions.SetNonBlocking(descriptor);
                return null;
            case DescriptorKind.UnixSocket when forWriting:
                return null;
            case DescriptorKind.Pipe:
                return TryOpenPipe(ref descriptor, forWriting);
            default:
                return forWriting
                    ? "is neither an event descriptor (eventfd), a pipe nor a Unix socket"
                    : "is neither an event descriptor (eventfd) nor a pipe";
        }
    }

    private static string? TryOpenPipe(ref int descriptor, bool forWriting)
    {
        int opened = ForeignDescriptor.ReopenPipe(descriptor, forWriting);
        if (opened < 0)
        {
            return $"is a pipe that cannot be opened anew: {Errno.Describe(-opened)}";
        }

        FileDescriptor.Close(descriptor);
        descriptor = opened;
        return null;
    }
}
