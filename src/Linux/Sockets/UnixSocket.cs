using System.Runtime.InteropServices;
using System.Text;

namespace VirtioFs.Linux;

/// <summary>
/// Stream sockets in the file system that carry descriptors beside bytes (<c>unix(7)</c>), which no class of the base
/// library does.
/// </summary>
public static unsafe class UnixSocket
{
    /// <summary>The most descriptors that one message of vhost-user carries (the memory regions of SET_MEM_TABLE).</summary>
    public const int MaximumDescriptors = 32;

    /// <summary>The longest path in bytes: <c>sun_path</c> less its terminating NUL (<c>sys/un.h</c>).</summary>
    public const int MaximumPathLength = 107;

    private const int AfUnix = 1, SockStream = 1, SockCloExec = 0x80000;
    private const int SolSocket = 1, ScmRights = 1, SoPeerCred = 17;
    private const int MsgCmsgCloExec = 0x40000000, MsgNoSignal = 0x4000, MsgCTrunc = 0x8, MsgDontWait = 0x40;
    private const int ShutReadWrite = 2;

    /// <summary>Opens an unbound socket. Answers the descriptor or a negated error number.</summary>
    public static int Create() => LibC.Result(LibC.socket(AfUnix, SockStream | SockCloExec, 0));

    /// <summary>Makes two connected sockets. Zero, or a negated error number.</summary>
    public static int CreatePair(out int first, out int second)
    {
        int* pair = stackalloc int[2];
        int result = LibC.Result(LibC.socketpair(AfUnix, SockStream | SockCloExec, 0, pair));
        (first, second) = result < 0 ? (-1, -1) : (pair[0], pair[1]);
        return result;
    }

    /// <summary>Binds to <paramref name="path"/>, which must not exist. ENAMETOOLONG over <see cref="MaximumPathLength"/> bytes.</summary>
    public static int Bind(int socket, string path)
    {
        SocketAddress address;
        return TryMakeAddress(path, &address, out int length) ? LibC.Result(LibC.bind(socket, &address, length)) : -Errno.ENAMETOOLONG;
    }

    /// <summary>Connects to the listener at <paramref name="path"/>.</summary>
    public static int Connect(int socket, string path)
    {
        SocketAddress address;
        return TryMakeAddress(path, &address, out int length) ? LibC.Result(LibC.connect(socket, &address, length)) : -Errno.ENAMETOOLONG;
    }

    /// <summary>Begins to listen.</summary>
    public static int Listen(int socket, int backlog) => LibC.Result(LibC.listen(socket, backlog));

    /// <summary>Waits for a connection; answers its descriptor.</summary>
    public static int Accept(int socket)
    {
        int result;
        do
        {
            result = LibC.Result(LibC.accept4(socket, null, null, SockCloExec));
        }
        while (result == -Errno.EINTR);
        return result;
    }

    /// <summary>Ends both directions, so that whoever waits on the other side, or in this process, wakes.</summary>
    public static int Shutdown(int socket) => LibC.Result(LibC.shutdown(socket, ShutReadWrite));

    /// <summary>The process at the other end (<c>SO_PEERCRED</c>). Zero, or a negated error number.</summary>
    public static int GetPeer(int socket, out PeerCredentials peer)
    {
        PeerCredentials value;
        int length = sizeof(PeerCredentials);
        int result = LibC.Result(LibC.getsockopt(socket, SolSocket, SoPeerCred, &value, &length));
        peer = result < 0 ? default : value;
        return result;
    }

    /// <summary>
    /// Receives bytes and the descriptors that came with them, each marked close-on-exec. Every descriptor received belongs
    /// to the caller, also when this answers an error.
    /// </summary>
    /// <param name="socket">A connected socket.</param>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="descriptors">Where the descriptors go; <see cref="MaximumDescriptors"/> fit always.</param>
    /// <param name="descriptorCount">How many came.</param>
    /// <param name="wait">False: EAGAIN when nothing is there.</param>
    /// <returns>Bytes received, 0 at the end of the stream, or a negated error number; EMSGSIZE when descriptors were cut off.</returns>
    public static nint Receive(int socket, Span<byte> buffer, Span<int> descriptors, out int descriptorCount, bool wait = true)
    {
        const int ControlSize = 16 + (MaximumDescriptors * sizeof(int));
        byte* control = stackalloc byte[ControlSize];
        descriptorCount = 0;
        fixed (byte* bytes = buffer)
        {
            IoVec piece = new((nint)bytes, (nuint)buffer.Length);
            MessageHeader header = new() { Pieces = &piece, PieceCount = 1, Control = control, ControlLength = ControlSize };
            nint received;
            do
            {
                header.ControlLength = ControlSize;
                received = LibC.Result(LibC.recvmsg(socket, &header, MsgCmsgCloExec | (wait ? 0 : MsgDontWait)));
            }
            while (received == -Errno.EINTR);
            if (received < 0)
            {
                return received;
            }

            bool overflow = !TakeDescriptors(control, header.ControlLength, descriptors, ref descriptorCount);
            return overflow || (header.Flags & MsgCTrunc) != 0 ? -Errno.EMSGSIZE : received;
        }
    }

    /// <summary>Sends bytes with descriptors. A closed peer is EPIPE, never a signal. Answers the bytes sent.</summary>
    public static nint Send(int socket, ReadOnlySpan<byte> buffer, ReadOnlySpan<int> descriptors = default)
    {
        const int ControlSize = 16 + (MaximumDescriptors * sizeof(int));
        if (descriptors.Length > MaximumDescriptors)
        {
            return -Errno.EINVAL;
        }

        byte* control = stackalloc byte[ControlSize];
        fixed (byte* bytes = buffer)
        {
            IoVec piece = new((nint)bytes, (nuint)buffer.Length);
            MessageHeader header = new() { Pieces = &piece, PieceCount = 1 };
            if (!descriptors.IsEmpty)
            {
                ControlHeader* entry = (ControlHeader*)control;
                *entry = new ControlHeader
                {
                    Length = (nuint)(sizeof(ControlHeader) + (descriptors.Length * sizeof(int))),
                    Level = SolSocket,
                    Type = ScmRights,
                };
                descriptors.CopyTo(new Span<int>(control + sizeof(ControlHeader), descriptors.Length));
                header.Control = control;
                header.ControlLength = (nuint)((sizeof(ControlHeader) + (descriptors.Length * sizeof(int)) + 7) & ~7);
            }

            nint sent;
            do
            {
                sent = LibC.Result(LibC.sendmsg(socket, &header, MsgNoSignal));
            }
            while (sent == -Errno.EINTR);
            return sent;
        }
    }

    /// <summary>
    /// Sends what adds one to a counter (<see cref="EventFd.Signal"/>), and never waits, whatever the flags of the open description.
    /// Zero, or a negated error number; EAGAIN (the other end has enough to read) is success.
    /// </summary>
    public static int Signal(int socket)
    {
        ulong one = 1;
        nint result = LibC.Result(LibC.send(socket, &one, sizeof(ulong), MsgNoSignal | MsgDontWait));
        return result is > 0 or -Errno.EAGAIN ? 0 : (int)result;
    }

    private static bool TakeDescriptors(byte* control, nuint length, Span<int> descriptors, ref int count)
    {
        bool all = true;
        nuint offset = 0;
        while (offset + (nuint)sizeof(ControlHeader) <= length)
        {
            ControlHeader* entry = (ControlHeader*)(control + offset);
            if (entry->Length < (nuint)sizeof(ControlHeader) || entry->Length > length - offset)
            {
                break;
            }

            if (entry->Level == SolSocket && entry->Type == ScmRights)
            {
                int received = (int)(entry->Length - (nuint)sizeof(ControlHeader)) / sizeof(int);
                foreach (int descriptor in new ReadOnlySpan<int>((byte*)entry + sizeof(ControlHeader), received))
                {
                    if (count < descriptors.Length)
                    {
                        descriptors[count++] = descriptor;
                        continue;
                    }

                    FileDescriptor.Close(descriptor);
                    all = false;
                }
            }

            offset += (entry->Length + 7) & ~(nuint)7;
        }

        return all;
    }

    private static bool TryMakeAddress(string path, SocketAddress* address, out int length)
    {
        *address = default;
        length = 0;
        int bytes = Encoding.UTF8.GetByteCount(path);
        if (bytes is 0 or > MaximumPathLength)
        {
            return false;
        }

        address->Family = AfUnix;
        Encoding.UTF8.GetBytes(path, new Span<byte>(address->Path, bytes));
        length = sizeof(ushort) + bytes + 1;
        return true;
    }

    /// <summary><c>struct sockaddr_un</c> (<c>sys/un.h</c>).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct SocketAddress
    {
        public ushort Family;
        public fixed byte Path[108];
    }

    /// <summary><c>struct msghdr</c> (<c>bits/socket.h</c>, 64 bit).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public IoVec* Pieces;
        public nuint PieceCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary><c>struct cmsghdr</c> (<c>bits/socket.h</c>, 64 bit).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ControlHeader
    {
        public nuint Length;
        public int Level;
        public int Type;
    }
}

/// <summary>Who is at the other end of a socket (<c>struct ucred</c>, <c>bits/socket.h</c>).</summary>
/// <param name="ProcessId">The process id, 0 when it lives in another pid namespace.</param>
/// <param name="UserId">The effective user id at connect.</param>
/// <param name="GroupId">The effective group id at connect.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId);

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport(Library)]
    internal static partial int socketpair(int domain, int type, int protocol, int* pair);

    [LibraryImport(Library)]
    internal static partial int bind(int socket, UnixSocket.SocketAddress* address, int length);

    [LibraryImport(Library)]
    internal static partial int connect(int socket, UnixSocket.SocketAddress* address, int length);

    [LibraryImport(Library)]
    internal static partial int listen(int socket, int backlog);

    [LibraryImport(Library)]
    internal static partial int accept4(int socket, void* address, int* length, int flags);

    [LibraryImport(Library)]
    internal static partial int shutdown(int socket, int how);

    [LibraryImport(Library)]
    internal static partial int getsockopt(int socket, int level, int name, void* value, int* length);

    [LibraryImport(Library)]
    internal static partial nint recvmsg(int socket, UnixSocket.MessageHeader* message, int flags);

    [LibraryImport(Library)]
    internal static partial nint send(int socket, void* buffer, nuint length, int flags);

    [LibraryImport(Library)]
    internal static partial nint sendmsg(int socket, UnixSocket.MessageHeader* message, int flags);
}
