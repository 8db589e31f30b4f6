using System.Runtime.InteropServices;
using System.Text;

namespace VirtioFs.Linux;

/// <summary>
/// The Unix sockets of this network namespace that are bound to a file, as the kernel lists them with the file's number
/// (<c>sock_diag(7)</c>, UNIX_DIAG_VFS): also those that do not listen yet, and whatever was written into a name.
/// </summary>
public static unsafe class BoundSockets
{
    private const int Netlink = 16, Raw = 3, CloseOnExec = 0x80000, SockDiag = 4;
    private const ushort DiagByFamily = 20, Done = 3, Error = 2, UnixDiagVfs = 1;
    private const ushort RequestAndDump = 0x301;
    private const int ReceiveSize = 32 * 1024;

    /// <summary>Whether a socket is bound to this file; null where the kernel does not tell.</summary>
    /// <param name="file">The socket's file.</param>
    public static bool? IsBound(in FileStatus file) => Find(file, null);

    /// <summary>Whether this very socket is bound to this file; null where the kernel does not tell.</summary>
    /// <param name="socket">An open socket.</param>
    /// <param name="file">The socket's file.</param>
    public static bool? IsBoundTo(int socket, in FileStatus file) =>
        FileStatus.Of(socket, out FileStatus own) < 0 ? null : Find(file, (uint)own.Inode);

    /// <summary>Whether <c>/proc/net/unix</c> has a socket with exactly this name, which is all that is left where the kernel does not tell more.</summary>
    public static bool IsListed(string path)
    {
        const int NameField = 7;
        try
        {
            return File.ReadLines("/proc/net/unix", Encoding.UTF8)
                .Any(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: > NameField } && line.EndsWith(' ' + path, StringComparison.Ordinal));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool? Find(in FileStatus file, uint? socketInode)
    {
        using FileDescriptor socket = new(Math.Max(LibC.Result(LibC.socket(Netlink, Raw | CloseOnExec, SockDiag)), -1));
        DumpRequest request = new()
        {
            Header = new MessageHeader { Length = (uint)sizeof(DumpRequest), Type = DiagByFamily, Flags = RequestAndDump },
            Family = 1,
            States = uint.MaxValue,
            Show = 2,
            Cookie = ulong.MaxValue,
        };
        if (socket.IsInvalid || UnixSocket.Send(socket.Value, new ReadOnlySpan<byte>(&request, sizeof(DumpRequest))) < 0)
        {
            return null;
        }

        // The kernel tells the low 32 bits of a number, and devices as MKDEV packs them (include/linux/kdev_t.h).
        Wanted wanted = new((uint)file.Inode, (file.DeviceMajor << 20) | file.DeviceMinor, socketInode);
        byte[] buffer = new byte[ReceiveSize];
        while (true)
        {
            nint length = UnixSocket.Receive(socket.Value, buffer, [], out _);
            if (length <= 0)
            {
                return null;
            }

            if (Search(buffer.AsSpan(0, (int)length), wanted) is { IsLast: true } end)
            {
                return end.Found;
            }
        }
    }

    /// <summary>Looks through what one call received; an answer is the last where the file was found, or the list ended.</summary>
    private static (bool IsLast, bool? Found) Search(ReadOnlySpan<byte> messages, Wanted wanted)
    {
        while (messages.Length >= sizeof(MessageHeader))
        {
            MessageHeader header = MemoryMarshal.Read<MessageHeader>(messages);
            if (header.Type is Done or Error || header.Length < sizeof(MessageHeader) || header.Length > messages.Length)
            {
                return (true, header.Type == Done ? false : null);
            }

            if (IsWanted(messages[sizeof(MessageHeader)..(int)header.Length], wanted))
            {
                return (true, true);
            }

            messages = messages[Math.Min(messages.Length, ((int)header.Length + 3) & ~3)..];
        }

        return default;
    }

    private static bool IsWanted(ReadOnlySpan<byte> message, Wanted wanted)
    {
        // struct unix_diag_msg: family, type, state, padding; the socket's number; a cookie of 8 bytes. Attributes follow.
        const int InodeOffset = 4, AttributesOffset = 16, AttributeHeader = 4;
        if (message.Length < AttributesOffset
            || (wanted.SocketInode is uint own && MemoryMarshal.Read<uint>(message[InodeOffset..]) != own))
        {
            return false;
        }

        for (ReadOnlySpan<byte> rest = message[AttributesOffset..]; rest.Length >= AttributeHeader;)
        {
            ushort length = MemoryMarshal.Read<ushort>(rest), type = MemoryMarshal.Read<ushort>(rest[2..]);
            if (length < AttributeHeader || length > rest.Length)
            {
                return false;
            }

            if (type == UnixDiagVfs && length >= AttributeHeader + (2 * sizeof(uint)))
            {
                return MemoryMarshal.Read<uint>(rest[AttributeHeader..]) == wanted.Inode
                    && MemoryMarshal.Read<uint>(rest[(AttributeHeader + sizeof(uint))..]) == wanted.Device;
            }

            rest = rest[Math.Min(rest.Length, (length + 3) & ~3)..];
        }

        return false;
    }

    private readonly record struct Wanted(uint Inode, uint Device, uint? SocketInode);

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
