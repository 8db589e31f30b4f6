namespace VirtioFs.Linux;

/// <summary>What has to be known of somebody else's file before it is mapped.</summary>
/// <param name="Size">Bytes that it has.</param>
/// <param name="PageSize">The unit that offsets and lengths of a mapping must be multiples of, in bytes.</param>
public readonly record struct SharedFile(ulong Size, ulong PageSize)
{
    // linux/magic.h
    private const long HugePageFileSystem = 0x958458f6;

    /// <summary>
    /// Asks about a descriptor. EINVAL when it is not a regular file: only of those is it known how far a mapping of it reaches.
    /// </summary>
    public static int Of(int descriptor, out SharedFile file)
    {
        file = default;
        int result = FileStatus.Of(descriptor, out FileStatus status);
        if (result < 0)
        {
            return result;
        }

        if (status.Type != FileStatus.Regular)
        {
            return -Errno.EINVAL;
        }

        result = FileSystemStatus.Of(descriptor, out FileSystemStatus system);
        if (result < 0)
        {
            return result;
        }

        ulong pageSize = system.Type == HugePageFileSystem ? (ulong)system.BlockSize : (ulong)Environment.SystemPageSize;
        file = new SharedFile(status.Size, pageSize);
        return 0;
    }
}
