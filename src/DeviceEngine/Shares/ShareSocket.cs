using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Shares;

/// <summary>The socket that a share listens on, and its file.</summary>
public sealed class ShareSocket : IDisposable
{
    // One front end is served; the others of this number wait until it has gone.
    private const int Backlog = 8;
    private const UnixFileMode OwnerMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode GroupMode = OwnerMode | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    private readonly FileDescriptor _descriptor;
    private readonly string? _ownedPath;
    private readonly FileIdentity _identity;

    private ShareSocket(FileDescriptor descriptor, string? ownedPath, FileIdentity identity) =>
        (_descriptor, _ownedPath, _identity) = (descriptor, ownedPath, identity);

    /// <summary>The listening descriptor.</summary>
    public int Descriptor => _descriptor.Value;

    /// <summary>Listens as the options say. A listening descriptor among them is owned from here on, also when this throws.</summary>
    /// <exception cref="SocketPathException">The path is taken.</exception>
    /// <exception cref="LinuxException">The system refused.</exception>
    public static ShareSocket Open(ShareOptions options)
    {
        if (options.ListenDescriptor is int given)
        {
            FileDescriptor listener = new(given);
            if (SocketOptions.SetNonBlocking(given) < 0 || !SocketOptions.IsListening(given))
            {
                listener.Dispose();
                throw new ArgumentException($"Descriptor {given} is not a listening socket.", nameof(options));
            }

            return new ShareSocket(listener, null, default);
        }

        using SocketFile file = SocketFile.At(options.SocketPath);
        file.Lock();
        RemoveStale(file, options.SocketPath);
        FileDescriptor descriptor = new((int)LinuxException.Check(UnixSocket.Create(), "Opening a socket failed"));
        try
        {
            return Bind(file, descriptor, options);
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    /// <summary>Takes the socket's file away, unless something else has come to lie in its place.</summary>
    public void RemoveFile()
    {
        if (_ownedPath is null)
        {
            return;
        }

        try
        {
            using SocketFile file = SocketFile.At(_ownedPath);
            _ = file.Remove(_identity);
        }
        catch (LinuxException)
        {
            // The folder is gone, and the file with it.
        }
    }

    /// <summary>Closes the socket and takes its file away.</summary>
    public void Dispose()
    {
        RemoveFile();
        _descriptor.Dispose();
    }

    private static ShareSocket Bind(SocketFile file, FileDescriptor descriptor, ShareOptions options)
    {
        string path = options.SocketPath;
        UnixFileMode mode = options.SocketMode ?? (options.SocketGroupId is null ? OwnerMode : GroupMode);
        file.Bind(descriptor.Value, mode, options.SocketGroupId, out FileIdentity identity);
        try
        {
            // Nobody can connect before listen(2), so owner and permission are right before the first front end comes.
            _ = LinuxException.Check(SocketOptions.SetNonBlocking(descriptor.Value), "Setting up a socket failed");
            _ = LinuxException.Check(UnixSocket.Listen(descriptor.Value, Backlog), $"Listening on the socket '{path}' failed");
            return new ShareSocket(descriptor, path, identity);
        }
        catch
        {
            _ = file.Remove(identity);
            throw;
        }
    }

    private static void RemoveStale(SocketFile file, string path)
    {
        int result = file.GetStatus(out FileStatus status);
        if (result == -Errno.ENOENT)
        {
            return;
        }

        _ = LinuxException.Check(result, $"Looking at '{path}' failed");
        if (status.Type != FileStatus.Socket)
        {
            throw new SocketPathException(path, SocketPathProblem.NotASocket);
        }

        if (file.IsInUse(status))
        {
            throw new SocketPathException(path, SocketPathProblem.InUse);
        }

        if (!SocketFile.IsOurs(status))
        {
            throw new SocketPathException(path, SocketPathProblem.NotOurs);
        }

        result = file.Remove(FileIdentity.Of(status));
        if (result == -Errno.ESTALE)
        {
            throw new SocketPathException(path, SocketPathProblem.InUse);
        }

        _ = LinuxException.Check(result, $"Removing the stale socket '{path}' failed");
    }
}
