using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using VirtioFs.Linux;

namespace VirtioFs.Daemon;

/// <summary>
/// The file beside the socket, <c>SOCKET.pid</c>, which holds the process's number and is locked as long as the process lives. Two programs
/// that are to serve one socket find each other by it, also virtiofsd and this one.
/// </summary>
internal sealed class PidFile : IDisposable
{
    private const uint OwnerOnly = 0b110_000_000;
    private static readonly int s_openFlags = OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.NonBlock | OpenFlags.NoControllingTerminal | OpenFlags.NoFollow;

    private readonly SafeFileHandle _file;
    private readonly string _path;

    private PidFile(SafeFileHandle file, string path) => (_file, _path) = (file, path);

    /// <summary>Makes and locks the file.</summary>
    /// <exception cref="IOException">Another process has it, or it cannot be written.</exception>
    internal static PidFile Take(string socketPath)
    {
        string path = socketPath + ".pid";
        while (true)
        {
            SafeFileHandle file = new((nint)LinuxException.Check(Files.Open(path, s_openFlags, OwnerOnly), $"Opening '{path}' failed"), ownsHandle: true);
            try
            {
                int descriptor = (int)file.DangerousGetHandle();
                FileStatus opened = RequireRegular(descriptor, path);
                if (!TryLock(descriptor))
                {
                    throw new IOException(
                        $"Process {ReadOwner(file)} is already listening on the socket '{socketPath}': it has locked '{path}'. Stop it, or choose another socket path.");
                }

                // The former owner takes the file away before it gives the lock up.
                if (IsStillThere(path, opened))
                {
                    RandomAccess.SetLength(file, 0);
                    RandomAccess.Write(file, Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n"), 0);
                    return new PidFile(file, path);
                }
            }
            catch
            {
                file.Dispose();
                throw;
            }

            file.Dispose();
        }
    }

    public void Dispose()
    {
        if (FileStatus.Of((int)_file.DangerousGetHandle(), out FileStatus own) == 0 && IsStillThere(_path, own))
        {
            TryDelete(_path);
        }

        _file.Dispose();
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It stays, unlocked, and the next owner takes it over.
        }
    }

    private static FileStatus RequireRegular(int descriptor, string path) =>
        FileStatus.Of(descriptor, out FileStatus status) == 0 && status.Type == FileStatus.Regular
            ? status
            : throw new IOException($"'{path}' is there and is not a regular file. Remove it, or choose another socket path.");

    private static bool IsStillThere(string path, in FileStatus opened) =>
        FileIdentity.TryGet(path, out FileIdentity there)
        && (there.DeviceMajor, there.DeviceMinor, there.Inode) == (opened.DeviceMajor, opened.DeviceMinor, opened.Inode);

    // Both kinds of locks, since whoever looks may look for either.
    private static bool TryLock(int descriptor) =>
        FileLocks.Flock(descriptor, FileLocks.Write) == 0 && FileLocks.Set(descriptor, FileLocks.Write, 0, 0) == 0;

    private static string ReadOwner(SafeFileHandle file)
    {
        Span<byte> text = stackalloc byte[16];
        string owner = Encoding.ASCII.GetString(text[..RandomAccess.Read(file, text, 0)]).Trim();
        return owner.Length > 0 && owner.All(char.IsAsciiDigit) ? owner : "(unknown)";
    }
}
