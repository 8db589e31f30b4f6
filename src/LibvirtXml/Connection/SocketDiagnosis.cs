using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace VirtioFs.LibvirtXml;

/// <summary>
/// Asks the kernel for the listening Unix sockets (sock_diag(7)). Names come with their length and files with their numbers, whereas
/// in /proc/net/unix a name with a line end in it looks like another socket.
/// </summary>
internal static unsafe partial class SocketDiagnosis
{
    private const int NetlinkFamily = 16, Datagram = 2, CloseOnExec = 0x80000, SocketDiagnosisProtocol = 4;
    private const int DontWait = 0x40;
    private const ushort ByFamily = 20, RequestAndDump = 0x301, MessageDone = 3, MessageError = 2;

    /// <summary>`struct nlmsghdr` is followed by `struct unix_diag_msg`, and that by attributes.</summary>
    private const int HeaderSize = 16, DiagnosisSize = 16, RequestSize = HeaderSize + 24, AttributeHeaderSize = 4;

    private const ushort NameAttribute = 0, FileAttribute = 1;

    /// <summary>The states that are asked for: `TCP_LISTEN` alone.</summary>
    private const uint Listening = 1 << 10;

    /// <summary>`UDIAG_SHOW_NAME` and `UDIAG_SHOW_VFS`.</summary>
    private const uint ShowNameAndFile = 3;

    /// <summary>Lists the sockets that are bound to files.</summary>
    /// <returns>The sockets; null when this kernel cannot be asked.</returns>
    public static IReadOnlyList<ListeningSocket>? List()
    {
        using SafeFileHandle netlink = new(socket(NetlinkFamily, Datagram | CloseOnExec, SocketDiagnosisProtocol), ownsHandle: true);
        if (netlink.IsInvalid || !TryAsk((int)netlink.DangerousGetHandle()))
        {
            return null;
        }

        List<ListeningSocket> found = [];
        byte[] buffer = new byte[64 * 1024];
        while (true)
        {
            nint length;
            fixed (byte* start = buffer)
            {
                // The kernel makes the next part of its answer within this call, so there is nothing to wait for.
                length = recv((int)netlink.DangerousGetHandle(), start, (nuint)buffer.Length, DontWait);
            }

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

    private static bool TryAsk(int netlink)
    {
        Span<byte> request = stackalloc byte[RequestSize];
        request.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(request, RequestSize);
        BinaryPrimitives.WriteUInt16LittleEndian(request[4..], ByFamily);
        BinaryPrimitives.WriteUInt16LittleEndian(request[6..], RequestAndDump);
        request[HeaderSize] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(request[(HeaderSize + 4)..], Listening);
        BinaryPrimitives.WriteUInt32LittleEndian(request[(HeaderSize + 12)..], ShowNameAndFile);
        fixed (byte* start = request)
        {
            return send(netlink, start, RequestSize, 0) == RequestSize;
        }
    }

    /// <summary>Takes one datagram apart; null when more follow, else whether the kernel has answered to the end.</summary>
    private static bool? Read(ReadOnlySpan<byte> messages, List<ListeningSocket> found)
    {
        while (messages.Length >= HeaderSize)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(messages);
            ushort type = BinaryPrimitives.ReadUInt16LittleEndian(messages[4..]);
            if (length < HeaderSize || length > messages.Length || type == MessageError)
            {
                return false;
            }

            if (type == MessageDone)
            {
                return true;
            }

            if (type == ByFamily && length >= HeaderSize + DiagnosisSize)
            {
                ReadSocket(messages[(HeaderSize + DiagnosisSize)..length], found);
            }

            messages = messages[Math.Min(Aligned(length), messages.Length)..];
        }

        return null;
    }

    private static void ReadSocket(ReadOnlySpan<byte> attributes, List<ListeningSocket> found)
    {
        string name = string.Empty;
        (uint Inode, uint Device)? file = null;
        while (attributes.Length >= AttributeHeaderSize)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(attributes);
            if (length < AttributeHeaderSize || length > attributes.Length)
            {
                return;
            }

            ReadOnlySpan<byte> value = attributes[AttributeHeaderSize..length];
            switch (BinaryPrimitives.ReadUInt16LittleEndian(attributes[2..]))
            {
                case NameAttribute:
                    name = Encoding.UTF8.GetString(value.TrimEnd((byte)0));
                    break;
                case FileAttribute when value.Length >= 8:
                    file = (BinaryPrimitives.ReadUInt32LittleEndian(value), BinaryPrimitives.ReadUInt32LittleEndian(value[4..]));
                    break;
                default:
                    break;
            }

            attributes = attributes[Math.Min(Aligned(length), attributes.Length)..];
        }

        if (file is (uint inode, uint device))
        {
            found.Add(new ListeningSocket(inode, device, name));
        }
    }

    private static int Aligned(int length) => (length + 3) & ~3;

    [LibraryImport("libc")]
    private static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc")]
    private static partial nint send(int socket, byte* buffer, nuint length, int flags);

    [LibraryImport("libc")]
    private static partial nint recv(int socket, byte* buffer, nuint length, int flags);
}
