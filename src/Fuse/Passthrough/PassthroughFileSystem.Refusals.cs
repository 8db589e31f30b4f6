using VirtioFs.Fuse.Identity;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough;

/// <summary>What a share of root can keep from the host, where its options say so: what would give rights on the host to others there.</summary>
public sealed unsafe partial class PassthroughFileSystem
{
    private const uint SetIdBits = 0xC00;

    /// <summary>EPERM for a device node, or for set-id bits, where the share has none of them.</summary>
    /// <param name="mode">Type and permission of what is to be made, which is no directory.</param>
    /// <param name="device">The device that it stands for.</param>
    private int CheckMaking(uint mode, uint device = 0)
    {
        // The whiteout of overlay file systems, a character device 0:0, stands for nothing, and anybody may make one (mknod(2)).
        uint type = mode & FileStatus.TypeMask;
        bool isDevice = type == FileStatus.BlockDevice || (type == FileStatus.CharacterDevice && device != 0);
        bool isRefused = (isDevice && !_options.DeviceNodes) || ((mode & SetIdBits) != 0 && !_options.SetId);
        return isRefused ? -Errno.EPERM : 0;
    }

    /// <summary>EPERM for set-id bits that a file does not have yet, where the share has none. A directory's SGID gives no rights.</summary>
    private int CheckMode(int descriptor, uint mode)
    {
        if (_options.SetId || (mode & SetIdBits) == 0)
        {
            return 0;
        }

        int result = FileStatus.Of(descriptor, out FileStatus status);
        bool isRefused = status.Type != FileStatus.Directory && (mode & SetIdBits & ~(uint)status.Mode) != 0;
        return result == 0 && isRefused ? -Errno.EPERM : result;
    }

    /// <summary>
    /// Zero for an extended attribute of the host that the guest may reach; EPERM where the share keeps its class from the guest, EOPNOTSUPP for an
    /// access control list that the guest does not evaluate: its kernel would let everybody write one, and with it the file's mode, and
    /// take the list's mask for the rights of the group.
    /// </summary>
    private int CheckAttribute(ReadOnlySpan<byte> hostName)
    {
        if (!_options.PosixAcl && (hostName.SequenceEqual("system.posix_acl_access"u8) || hostName.SequenceEqual("system.posix_acl_default"u8)))
        {
            return -Errno.EOPNOTSUPP;
        }

        bool isRefused = (!_options.TrustedAttributes && hostName.StartsWith("trusted."u8))
            || (!_options.SecurityAttributes && hostName.StartsWith("security."u8))
            || (!_options.SetId && hostName.SequenceEqual(FileCapability.Name));
        return isRefused ? -Errno.EPERM : 0;
    }
}
