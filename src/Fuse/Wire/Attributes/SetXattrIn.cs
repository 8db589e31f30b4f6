using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Attributes;

/// <summary><c>struct fuse_setxattr_in</c> (<c>linux/fuse.h</c>); without <see cref="InitFlags.SetXattrExtended"/> only the first 8 bytes are sent.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SetXattrIn
{
    /// <summary>Bytes sent without the extension.</summary>
    public const int CompatibleSize = 8;

    /// <summary><c>FUSE_SETXATTR_ACL_KILL_SGID</c>.</summary>
    public const uint AclKillsSetGroupId = 1;

    /// <summary>Bytes of the value.</summary>
    public uint Size;

    /// <summary><c>XATTR_CREATE</c>, <c>XATTR_REPLACE</c>.</summary>
    public uint Flags;

    /// <summary><see cref="AclKillsSetGroupId"/>.</summary>
    public uint SetXattrFlags;

    /// <summary>Unused.</summary>
    public uint Padding;
}
