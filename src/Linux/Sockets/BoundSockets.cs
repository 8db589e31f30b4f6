using System.Runtime.InteropServices;
using System.Text;

namespace VirtioFs.Linux;

/// <summary>
/// The Unix sockets of this network namespace that are bound to a file, as the kernel lists them with the file's number
/// (<c>sock_diag(7)</c>, UNIX_DIAG_VFS): also those that do not listen yet, and whatever was written into a name. Nobody connects to find
/// out: virtiofsd serves one connection and leaves when that ends.
/// </summary>
public static unsafe class BoundSockets
{
    private const int Netlink = 16, Raw = 3, CloseOnExec = 0x80000, SockDiag = 4;
    private const ushort DiagByFamily = 20, Done = 3, Error = 2;
    private const ushort RequestAndDump = 0x301;
    private const int ReceiveSize = 64 * 1024;

    /// <summary><c>UDIAG_SHOW_NAME</c> and <c>UDIAG_SHOW_VFS</c>.</summary>
    private const uint NameAndFile = 3;

    /// <summary>The states to ask for: all, or <c>TCP_LISTEN</c> alone.</summary>
    private const uint All = uint.MaxValue, Listening = 1 << 10;

    /// <summary>Whether a socket, listening or not, is bound to this file; null where the kernel does not tell.</summary>
    /// <param name="file">The socket's file.</param>
    /// <param name="path">The path that it lies at.</param>
    public static bool? IsBound(in FileStatus file, string path) => IsAny(List(All), file, path);

    /// <summary>Whether this very socket is bound to this file; null where the kernel does not tell.</summary>
    /// <param name="socket">An open socket.</param>
    /// <param name="file">The socket's file.</param>
    /// <param name="path">The path that it lies at.</param>
    public static bool? IsBoundTo(int socket, in FileStatus file, string path)
    {
        if (FileStatus.Of(socket, out FileStatus own) < 0 || List(All) is not List<BoundSocket> sockets)
        {
            return null;
        }

        uint number = (uint)own.Inode;
        return IsAny(sockets.FindAll(bound => bound.SocketInode == number), file, path);
    }

    /// <summary>Whether somebody accepts connections at a path. A link is followed.</summary>
    /// <param name="path">The socket's absolute path.</param>
    public static bool IsListening(string path)
    {
        using FileDescriptor file = new(Math.Max(Files.Open(path, OpenFlags.Path), -1));
        return !file.IsInvalid && FileStatus.Of(file.Value, out FileStatus status) == 0 && status.Type == FileStatus.Socket
            && (IsAny(List(Listening), status, path) ?? IsListed(path, listens: true));
    }

    /// <summary>
    /// Whether <c>/proc/net/unix</c> has a socket with this name, which is all that is left on a kernel without CONFIG_UNIX_DIAG. Anybody can write
    /// lines there by a name with a line end in it. That may make a dead socket look alive, and never a living one dead.
    /// </summary>
    /// <param name="path">The socket's path.</param>
    /// <param name="listens">Whether it has to listen.</param>
    public static bool IsListed(string path, bool listens = false)
    {
        const string AcceptsConnections = "00010000";
        const int Flags = 3, Name = 7;
        try
        {
            return File.ReadLines("/proc/net/unix", Encoding.UTF8)
                .Select(line => line.Split(' ', Name + 1, StringSplitOptions.RemoveEmptyEntries))
                .Any(fields => fields.Length > Name && (!listens || fields[Flags] == AcceptsConnections) && BoundSocket.IsSamePath(fields[Name], path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool? IsAny(List<BoundSocket>? sockets, in FileStatus file, string path)
    {
        if (sockets is null)
        {
            return null;
        }

        foreach (BoundSocket socket in sockets)
        {
            if (socket.IsOf(file, path))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The sockets in some states; null when this kernel cannot be asked.</summary>
    private static List<BoundSocket>? List(uint states)
    {
        using FileDescriptor socket = new(Math.Max(LibC.Result(LibC.socket(Netlink, Raw | CloseOnExec, SockDiag)), -1));
        DumpRequest request = new()
        {
            Header = new MessageHeader { Length = (uint)sizeof(DumpRequest), Type = DiagByFamily, Flags = RequestAndDump },
            Family = 1,
            States = states,
            Show = NameAndFile,
            Cookie = ulong.MaxValue,
        };
        if (socket.IsInvalid || UnixSocket.Send(socket.Value, new ReadOnlySpan<byte>(&request, sizeof(DumpRequest))) < 0)
        {
            return null;
        }

        List<BoundSocket> found = [];
        byte[] buffer = new byte[ReceiveSize];
        while (true)
        {
            // The kernel makes the next part of its answer within this call, so there is nothing to wait for.
            nint length = UnixSocket.Receive(socket.Value, buffer, [], out _, wait: false);
            if (length <= 0)
            {
                return null;
            }

            if (Read(buffer.AsSpan(0, (int)length), found) is bool isComplete)
            {
                return isComplete ? found : null;
            }
        }
    }

    /// <summary>Takes apart what one call received; null when more follows, else whether the kernel has answered to the end.</summary>
    private static bool? Read(ReadOnlySpan<byte> messages, List<BoundSocket> found)
    {
        while (messages.Length >= sizeof(MessageHeader))
        {
            MessageHeader header = MemoryMarshal.Read<MessageHeader>(messages);
            if (header.Type is Done or Error || header.Length < sizeof(MessageHeader) || header.Length > messages.Length)
            {
                return header.Type == Done;
            }

            if (header.Type == DiagByFamily && BoundSocket.Read(messages[sizeof(MessageHeader)..(int)header.Length]) is BoundSocket socket)
            {
                found.Add(socket);
            }

            messages = messages[Math.Min(messages.Length, ((int)header.Length + 3) & ~3)..];
        }

        return null;
    }

    /// <summary><c>struct nlmsghdr</c> (<c>linux/netlink.h</c>).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct MessageHeader
    {
        public uint Length;
        public ushort Type;
        public ushort Flags;
        public uint Sequence;
        public uint Port;
    }

    /// <summary><c>struct unix_diag_req</c> (<c>linux/unix_diag.h</c>) with its header.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct DumpRequest
    {
        public MessageHeader Header;
        public byte Family;
        public byte Protocol;
        public ushort Padding;
        public uint States;
        public uint Inode;
        public uint Show;
        public ulong Cookie;
    }
}
