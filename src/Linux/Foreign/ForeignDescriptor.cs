namespace VirtioFs.Linux;

/// <summary>
/// Descriptors that somebody else has made. The open description stays shared: its maker can change its flags, <c>O_NONBLOCK</c> among
/// them, at any time, and a file may lie in a FUSE file system of its maker, which answers no request.
/// </summary>
public static unsafe class ForeignDescriptor
{
    private const int PathLength = 14 + DescriptorName.MaximumLength;

    /// <summary>Finds out what a descriptor is, by calls alone that never ask the server of a file system.</summary>
    public static DescriptorKind KindOf(int descriptor)
    {
        if (FileStatus.OfUnsynchronized(descriptor, out FileStatus status) < 0)
        {
            return DescriptorKind.Other;
        }

        return status.Type switch
        {
            // fs/anon_inodes.c: its files have no type.
            0 => IsNamed(descriptor, "anon_inode:[eventfd]"u8, whereUnknown: true) ? DescriptorKind.EventCounter : DescriptorKind.Other,
            FileStatus.Pipe => IsNamed(descriptor, "pipe:"u8, whereUnknown: false) ? DescriptorKind.Pipe : DescriptorKind.Other,
            FileStatus.Socket => SocketOptions.IsUnix(descriptor) ? DescriptorKind.UnixSocket : DescriptorKind.Other,
            FileStatus.Regular when SharedMemory.IsMemoryFile(descriptor) => DescriptorKind.MemoryFile,

            // File systems of the network, of FUSE and of layers have devices without a major number (fs/super.c set_anon_super).
            FileStatus.Regular when status.DeviceMajor != 0 => DescriptorKind.DiskFile,
            _ => DescriptorKind.Other,
        };
    }

    /// <summary>Opens a pipe's end anew, so that its flags are the caller's own. Answers a descriptor that never blocks.</summary>
    public static int ReopenPipe(int descriptor, bool forWriting)
    {
        byte* path = stackalloc byte[PathLength];
        return Files.Open(WritePath(descriptor, path), path, (forWriting ? OpenFlags.WriteOnly : OpenFlags.ReadOnly) | OpenFlags.NonBlock);
    }

    // Where /proc is missing nothing more can be known of a file without type; none but counters is read or written as these are.
    private static bool IsNamed(int descriptor, ReadOnlySpan<byte> name, bool whereUnknown)
    {
        const int Longest = 32;
        byte* path = stackalloc byte[PathLength];
        byte* target = stackalloc byte[Longest];
        int length = LibC.Result((int)LibC.readlinkat(WritePath(descriptor, path), path, target, Longest));
        return length == -Errno.ENOENT ? whereUnknown : length > 0 && new ReadOnlySpan<byte>(target, length).StartsWith(name);
    }

    /// <summary>Writes a descriptor's path; answers the directory that it begins at.</summary>
    private static int WritePath(int descriptor, byte* path)
    {
        if (DescriptorDirectory.Kept >= 0)
        {
            DescriptorName.Write(descriptor, path);
            return DescriptorDirectory.Kept;
        }

        "/proc/self/fd/"u8.CopyTo(new Span<byte>(path, PathLength));
        DescriptorName.Write(descriptor, path + "/proc/self/fd/"u8.Length);
        return Files.WorkingDirectory;
    }
}
