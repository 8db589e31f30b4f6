using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace VirtioFs.Linux;

/// <summary>
/// The name that a Unix socket is bound to, in a directory that stays the same one. Others may be able to write to that directory, so
/// nothing is changed by name: what is changed is a descriptor that proved to be the socket's, and what is removed is moved aside and
/// looked at first.
/// </summary>
public sealed unsafe class SocketFile : IDisposable
{
    private const uint NoReplace = 1;
    private const uint UnixFileOfSocket = 0x89E0;
    private const uint PermissionMask = 0xFFF;

    private readonly string _path;
    private readonly byte[] _name;
    private readonly FileDescriptor _directory;
    private readonly bool _mayLock;

    private SocketFile(string path, FileDescriptor directory, bool mayLock)
    {
        (_path, _directory, _mayLock) = (path, directory, mayLock);
        _name = Terminated(Path.GetFileName(path));
    }

    /// <summary>Opens the directory of a socket's path.</summary>
    /// <exception cref="LinuxException">It cannot be opened.</exception>
    public static SocketFile At(string path)
    {
        string directory = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        int descriptor = Files.Open(directory, OpenFlags.ReadOnly | OpenFlags.Directory);
        bool mayLock = descriptor >= 0;
        descriptor = descriptor == -Errno.EACCES ? Files.Open(directory, OpenFlags.Path | OpenFlags.Directory) : descriptor;
        return new SocketFile(path, new FileDescriptor((int)LinuxException.Check(descriptor, $"Opening the folder '{directory}' failed")), mayLock);
    }

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();

    /// <summary>
    /// Keeps others of this program from setting up a socket in the same directory, until this is disposed. Goes on without after a while,
    /// since anybody who can read the directory can hold such a lock; what is done under it is safe without, only less orderly.
    /// </summary>
    public void Lock()
    {
        const int PatienceMilliseconds = 2000, StepMilliseconds = 10;
        for (int waited = 0; _mayLock && waited < PatienceMilliseconds && FileLocks.Flock(_directory.Value, FileLocks.Write) == -Errno.EAGAIN; waited += StepMilliseconds)
        {
            Thread.Sleep(StepMilliseconds);
        }
    }

    /// <summary>What lies at the name; a link is not followed. ENOENT for nothing.</summary>
    public int GetStatus(out FileStatus status) => GetStatus(_name, out status);

    /// <summary>Whether a file is this process's user's, and so may be removed when it is stale.</summary>
    public static bool IsOurs(in FileStatus status) => status.UserId == LibC.geteuid();

    /// <summary>
    /// Whether a socket, listening or not, is bound to the file that lies at the name. It is not connected to where the kernel's list
    /// tells: a daemon that serves one front end and then ends, as virtiofsd does, would take that for the front end.
    /// </summary>
    /// <param name="status">What lies there.</param>
    public bool IsInUse(in FileStatus status) => (BoundSockets.IsBound(status, _path) ?? BoundSockets.IsListed(_path)) || Answers(status);

    /// <summary>Binds a socket to the name, and gives the file its mode and group before anybody can connect.</summary>
    /// <param name="socket">The socket, which does not listen yet.</param>
    /// <param name="mode">The file's permission.</param>
    /// <param name="groupId">The file's group, or null to leave it.</param>
    /// <param name="identity">Which file it is.</param>
    /// <exception cref="LinuxException">It could not be bound, or something else took the name at once. No file is left.</exception>
    public void Bind(int socket, UnixFileMode mode, uint? groupId, out FileIdentity identity)
    {
        // The file takes the mode of the socket itself, less the umask (net/unix/af_unix.c, unix_bind_bsd).
        _ = LibC.Result(LibC.fchmod(socket, (uint)mode & PermissionMask));
        _ = LinuxException.Check(UnixSocket.Bind(socket, _path), $"Binding the socket '{_path}' failed");
        int opened = (int)LinuxException.Check(
            OpenBound(socket, out FileStatus status),
            $"Opening the socket '{_path}' failed just after it was made (use a folder that nobody else can write to)");
        using FileDescriptor file = new(opened);
        identity = FileIdentity.Of(status);
        try
        {
            int result = groupId is null || groupId == status.GroupId ? 0 : PathCalls.ChangeOwner(file.Value, null, groupId);
            _ = LinuxException.Check(result, $"Giving the socket '{_path}' to group {groupId} failed");
            result = (status.Mode & PermissionMask) == (uint)mode ? 0 : ChangeMode(file.Value, (uint)mode);
            _ = LinuxException.Check(result, $"Setting the permission of the socket '{_path}' failed");
        }
        catch
        {
            _ = Remove(identity);
            throw;
        }
    }

    /// <summary>
    /// Takes the name away if it is that of a certain socket. ESTALE for anything else, which stays: it is moved to a name that nobody
    /// knows and looked at there, so that nothing can come between the look and the removal.
    /// </summary>
    public int Remove(in FileIdentity identity)
    {
        if (!IsAt(_name, identity))
        {
            return -Errno.ESTALE;
        }

        byte[] aside = Terminated($".{RandomNumberGenerator.GetHexString(32, lowercase: true)}");
        int result = Move(_name, aside);
        if (result < 0)
        {
            // File systems that do not know RENAME_NOREPLACE: the look a moment ago is all there is.
            return result == -Errno.EINVAL && IsAt(_name, identity) ? Unlink(_name) : result;
        }

        if (IsAt(aside, identity))
        {
            return Unlink(aside);
        }

        _ = Move(aside, _name);
        return -Errno.ESTALE;
    }

    private static byte[] Terminated(string name) => Encoding.UTF8.GetBytes(name + '\0');

    private static int ChangeMode(int file, uint mode)
    {
        int result = PathCalls.ChangeMode(file, mode);
        if (result != -Errno.ENOSYS)
        {
            return result;
        }

        fixed (byte* name = Terminated($"/proc/self/fd/{file}"))
        {
            return PathCalls.ChangeMode(Files.WorkingDirectory, name, mode);
        }
    }

    /// <summary>A path reference to the file that a socket has just been bound to; ESTALE when something else lies at the name.</summary>
    private int OpenBound(int socket, out FileStatus status)
    {
        // SIOCUNIXFILE is for who may administer the network; others look by name, and prove what they found.
        int file = LibC.Result(LibC.ioctl(socket, UnixFileOfSocket, 0));
        bool isCertain = file >= 0;
        file = isCertain ? file : Open(_name);
        status = default;
        int result = file < 0 ? file : FileStatus.Of(file, out status);
        bool isOurs = isCertain
            || (status.Type == FileStatus.Socket && IsOurs(status) && status.LinkCount == 1 && BoundSockets.IsBoundTo(socket, status, _path) != false);
        if (result == 0 && isOurs)
        {
            return file;
        }

        FileDescriptor.Close(file);
        return result < 0 ? result : -Errno.ESTALE;
    }

    /// <summary>True when somebody accepts connections at just this file, be it in another network namespace; this connects and closes.</summary>
    private bool Answers(in FileStatus status)
    {
        using FileDescriptor file = new(Math.Max(Open(_name), -1));
        if (file.IsInvalid || FileStatus.Of(file.Value, out FileStatus found) < 0 || FileIdentity.Of(found) != FileIdentity.Of(status))
        {
            return true;
        }

        using FileDescriptor socket = new(Math.Max(UnixSocket.Create(), -1));

        // A listener whose backlog is full would make connect(2) wait.
        int result = socket.IsInvalid ? -Errno.EMFILE : SocketOptions.SetNonBlocking(socket.Value);
        result = result < 0 ? result : UnixSocket.Connect(socket.Value, $"/proc/self/fd/{file.Value}");
        return result is not (-Errno.ECONNREFUSED or -Errno.ENOENT);
    }

    private bool IsAt(byte[] name, in FileIdentity identity) => GetStatus(name, out FileStatus status) == 0 && FileIdentity.Of(status) == identity && identity.IsSocket;

    private int GetStatus(byte[] name, out FileStatus status)
    {
        fixed (byte* bytes = name)
        {
            return FileStatus.Of(_directory.Value, bytes, out status);
        }
    }

    private int Open(byte[] name)
    {
        fixed (byte* bytes = name)
        {
            return Files.Open(_directory.Value, bytes, OpenFlags.Path | OpenFlags.NoFollow);
        }
    }

    private int Move(byte[] name, byte[] newName)
    {
        fixed (byte* bytes = name, newBytes = newName)
        {
            return PathCalls.Rename(_directory.Value, bytes, _directory.Value, newBytes, NoReplace);
        }
    }

    private int Unlink(byte[] name)
    {
        fixed (byte* bytes = name)
        {
            return PathCalls.Unlink(_directory.Value, bytes, 0);
        }
    }
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int fchmod(int fd, uint mode);
}
