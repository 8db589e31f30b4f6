using VirtioFs.Linux;

namespace VirtioFs.Fuse.Identity;

/// <summary>
/// The value of <c>security.capability</c> (<c>struct vfs_ns_cap_data</c>, <c>linux/capability.h</c>) on its way between hosts whose ids
/// differ. It counts for the namespaces of one root: of the initial one, where it names none (revision 2), or of the user id that it names
/// (revision 3). A guest's root that is another user on the host must not make files that give rights to everybody on the host.
/// </summary>
internal static unsafe class FileCapability
{
    /// <summary>The longest value in bytes.</summary>
    internal const int MaximumSize = RootOffset + sizeof(uint);

    private const int RootOffset = 20;
    private const uint RevisionMask = 0xFF000000, WithoutRoot = 0x02000000, WithRoot = 0x03000000;

    /// <summary>The attribute's name.</summary>
    internal static ReadOnlySpan<byte> Name => "security.capability"u8;

    /// <summary>Makes a guest's value the host's, in place.</summary>
    /// <param name="value">The value, with room for <see cref="MaximumSize"/> bytes.</param>
    /// <param name="size">Its size in bytes.</param>
    /// <param name="userIds">How user ids are translated.</param>
    /// <returns>The size then; EINVAL for what is no such value, EPERM for a root that may not be used.</returns>
    internal static int TryToHost(byte* value, uint size, IdMap userIds)
    {
        int result = TryReadRoot(value, size, out uint root);
        result = result < 0 ? result : userIds.TryToHost(root, out root);
        return result == -Errno.EOVERFLOW ? -Errno.EINVAL : result < 0 ? result : WriteRoot(value, root);
    }

    /// <summary>Makes a host's value the guest's, in place, and answers its size then; what is no such value stays as it is.</summary>
    /// <inheritdoc cref="TryToHost"/>
    internal static int ToGuest(byte* value, uint size, IdMap userIds) =>
        TryReadRoot(value, size, out uint root) < 0 ? (int)size : WriteRoot(value, userIds.ToGuest(root));

    private static int TryReadRoot(byte* value, uint size, out uint root)
    {
        uint* words = (uint*)value;
        uint revision = size >= sizeof(uint) ? words[0] & RevisionMask : 0;
        bool hasRoot = revision == WithRoot && size == MaximumSize;
        root = hasRoot ? words[RootOffset / sizeof(uint)] : 0;
        return hasRoot || (revision == WithoutRoot && size == RootOffset) ? 0 : -Errno.EINVAL;
    }

    private static int WriteRoot(byte* value, uint root)
    {
        uint* words = (uint*)value;
        words[0] = (words[0] & ~RevisionMask) | (root == 0 ? WithoutRoot : WithRoot);
        if (root == 0)
        {
            return RootOffset;
        }

        words[RootOffset / sizeof(uint)] = root;
        return MaximumSize;
    }
}
