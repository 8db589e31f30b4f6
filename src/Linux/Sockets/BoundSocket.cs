using System.Runtime.InteropServices;
using System.Text;

namespace VirtioFs.Linux;

/// <summary>A Unix socket that is bound to a file, as the kernel describes it (<c>struct unix_diag_msg</c>, <c>linux/unix_diag.h</c>).</summary>
/// <param name="SocketInode">The number of the socket itself.</param>
/// <param name="FileInode">The low 32 bits of its file's number.</param>
/// <param name="FileDevice">The device of the file's file system, as MKDEV packs it (<c>include/linux/kdev_t.h</c>).</param>
/// <param name="Name">The name that it was bound to, which its owner chose.</param>
internal readonly record struct BoundSocket(uint SocketInode, uint FileInode, uint FileDevice, string Name)
{
    private const ushort NameAttribute = 0, FileAttribute = 1;

    // Family, type, state and a byte of padding; the socket's number; a cookie of 8 bytes. Attributes follow.
    private const int InodeOffset = 4, AttributesOffset = 16, AttributeHeader = 4;

    /// <summary>
    /// Whether this is the socket of a file. Its name need not be the path, since files are renamed; where stat(2) shows other devices than the
    /// kernel has (btrfs, overlayfs), the name has to agree.
    /// </summary>
    internal bool IsOf(in FileStatus file, string path) =>
        FileInode == (uint)file.Inode && (FileDevice == ((file.DeviceMajor << 20) | file.DeviceMinor) || IsSamePath(Name, path));

    internal static bool IsSamePath(string name, string path) =>
        name == path || (name.StartsWith('/') && RealPath.Of(name) is string real && real == RealPath.Of(path));

    /// <summary>Reads a message without its header; null for a socket without a file, and for what is not understood.</summary>
    internal static BoundSocket? Read(ReadOnlySpan<byte> message)
    {
        if (message.Length < AttributesOffset)
        {
            return null;
        }

        string name = string.Empty;
        (uint Inode, uint Device)? file = null;
        for (ReadOnlySpan<byte> rest = message[AttributesOffset..]; rest.Length >= AttributeHeader;)
        {
            ushort length = MemoryMarshal.Read<ushort>(rest), type = MemoryMarshal.Read<ushort>(rest[2..]);
            if (length < AttributeHeader || length > rest.Length)
            {
                return null;
            }

            ReadOnlySpan<byte> value = rest[AttributeHeader..length];
            if (type == NameAttribute)
            {
                name = Encoding.UTF8.GetString(value.TrimEnd((byte)0));
            }
            else if (type == FileAttribute && value.Length >= 2 * sizeof(uint))
            {
                file = (MemoryMarshal.Read<uint>(value), MemoryMarshal.Read<uint>(value[sizeof(uint)..]));
            }

            rest = rest[Math.Min(rest.Length, (length + 3) & ~3)..];
        }

        return file is (uint inode, uint device) ? new BoundSocket(MemoryMarshal.Read<uint>(message[InodeOffset..]), inode, device, name) : null;
    }
}
