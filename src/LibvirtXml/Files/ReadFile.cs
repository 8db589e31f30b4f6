using Microsoft.Win32.SafeHandles;

namespace VirtioFs.LibvirtXml.Files;

/// <summary>A file that was read as a whole.</summary>
/// <param name="Content">Its bytes.</param>
/// <param name="Stamp">The file as it was then.</param>
internal sealed record ReadFile(byte[] Content, FileStamp Stamp)
{
    /// <summary>Reads a regular file; pipes and devices, which might never end, are refused.</summary>
    /// <param name="path">The file's path.</param>
    /// <param name="maximumBytes">The largest size that is read.</param>
    /// <exception cref="IOException">The file is not there, is no regular file, is too large, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no permission to read the file.</exception>
    public static ReadFile Of(string path, int maximumBytes)
    {
        using SafeFileHandle? file = FileCalls.Open(null, path, FileCalls.OpenNonBlocking, 0, out int error);
        FileError.Require(error, $"The file '{path}' cannot be read");
        FileStatus status = FileStatus.Of(file!);
        if (!status.IsRegular)
        {
            throw new IOException($"'{path}' is not a regular file. Name a file.");
        }

        if (status.Stamp.Size > (ulong)maximumBytes)
        {
            throw new IOException($"The file '{path}' has {status.Stamp.Size} bytes, and no more than {maximumBytes} are read. Name another file.");
        }

        byte[] content = new byte[status.Stamp.Size];
        int length = 0;
        while (length < content.Length && RandomAccess.Read(file!, content.AsSpan(length), length) is int read and > 0)
        {
            length += read;
        }

        return new ReadFile(content[..length], status.Stamp);
    }
}
