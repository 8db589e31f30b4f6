using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine;

/// <summary>The socket that a share listens on, and its file.</summary>
internal sealed class ShareSocket : IDisposable
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
    internal int Descriptor => _descriptor.Value;

    /// <summary>Listens as the options say. A listening descriptor among them is owned from here on, also when this throws.</summary>
    /// <exception cref="SocketPathException">The path is taken.</exception>
    /// <exception cref="LinuxException">The system refused.</exception>
    internal static ShareSocket Open(ShareOptions options)
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

        RemoveStale(options.SocketPath);
        FileDescriptor descriptor = new((int)LinuxException.Check(UnixSocket.Create(), "Opening a socket failed"));
        try
        {
            return Bind(descriptor, options);
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    /// <summary>Takes the socket's file away, unless something else has come to lie in its place.</summary>
    internal void RemoveFile()
    {
        if (_ownedPath is not null && FileIdentity.TryGet(_ownedPath, out FileIdentity now) && now == _identity)
        {
            _ = SocketFile.Remove(_ownedPath);
        }
    }

    /// <summary>Closes the socket and takes its file away.</summary>
    public void Dispose()
    {
        RemoveFile();
        _descriptor.Dispose();
    }

    private static ShareSocket Bind(FileDescriptor descriptor, ShareOptions options)
    {
        string path = options.SocketPath;
        UnixFileMode mode = options.SocketMode ?? (options.SocketGroupId is null ? OwnerMode : GroupMode);
        _ = LinuxException.Check(UnixSocket.Bind(descriptor.Value, path), $"Binding the socket '{path}' failed");
        _ = FileIdentity.TryGet(path, out FileIdentity identity);
        ShareSocket socket = new(descriptor, path, identity);
        try
        {
            // Nobody can connect before listen(2), so owner and permission are right before the first front end comes.
            if (options.SocketGroupId is uint group)
            {
                _ = LinuxException.Check(
                    SocketFile.SetGroup(path, group), $"Giving the socket '{path}' to group {group} failed");
            }

            _ = LinuxException.Check(SocketFile.SetMode(path, mode), $"Setting the permission of the socket '{path}' failed");
            _ = LinuxException.Check(SocketOptions.SetNonBlocking(descriptor.Value), "Setting up a socket failed");
            _ = LinuxException.Check(UnixSocket.Listen(descriptor.Value, Backlog), $"Listening on the socket '{path}' failed");
            return socket;
        }
        catch
        {
            socket.RemoveFile();
            throw;
        }
    }

    private static void RemoveStale(string path)
    {
        if (!FileIdentity.TryGet(path, out FileIdentity identity))
        {
            return;
        }

        if (!identity.IsSocket)
        {
            throw new SocketPathException(path, SocketPathProblem.NotASocket);
        }

        // The kernel's list is asked first: a daemon that serves one front end and then ends, as virtiofsd does, would take a trial
        // connection for that front end.
        if (SocketFile.IsListedAsListening(path) || SocketFile.Answers(path))
        {
            throw new SocketPathException(path, SocketPathProblem.InUse);
        }

        _ = LinuxException.Check(SocketFile.Remove(path), $"Removing the stale socket '{path}' failed");
    }
}
