namespace VirtioFs.Linux;

/// <summary>What can be asked of a socket, and of any descriptor that somebody else has made.</summary>
public static unsafe class SocketOptions
{
    private const int SolSocket = 1, SoAcceptConn = 30, SoDomain = 39, AfUnix = 1;
    private const int GetStatusFlags = 3, SetStatusFlags = 4, NonBlock = 0x800;

    /// <summary>Makes reads and writes of the open description never wait (<c>O_NONBLOCK</c>). Zero, or a negated error number.</summary>
    public static int SetNonBlocking(int descriptor)
    {
        int flags = LibC.Result(LibC.fcntl(descriptor, GetStatusFlags, 0));
        return flags < 0 || (flags & NonBlock) != 0 ? Math.Min(flags, 0) : LibC.Result(LibC.fcntl(descriptor, SetStatusFlags, flags | NonBlock));
    }

    /// <summary>True for a socket of this machine (<c>AF_UNIX</c>).</summary>
    public static bool IsUnix(int socket)
    {
        int value;
        int length = sizeof(int);
        return LibC.Result(LibC.getsockopt(socket, SolSocket, SoDomain, &value, &length)) == 0 && value == AfUnix;
    }

    /// <summary>Whether something has come that nobody has read (<c>FIONREAD</c>).</summary>
    public static bool HasUnread(int socket)
    {
        const nuint BytesToRead = 0x541b;
        int count;
        return LibC.Result(LibC.ioctl(socket, BytesToRead, (nint)(&count))) == 0 && count > 0;
    }

    /// <summary>True for a socket on which listen(2) was called (<c>SO_ACCEPTCONN</c>).</summary>
    public static bool IsListening(int socket)
    {
        int value;
        int length = sizeof(int);
        return LibC.Result(LibC.getsockopt(socket, SolSocket, SoAcceptConn, &value, &length)) == 0 && value != 0;
    }
}
