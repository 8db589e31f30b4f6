using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire;

/// <summary><c>struct fuse_mknod_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct MakeNodeIn
{
    /// <summary>Type and permission.</summary>
    public uint Mode;

    /// <summary>The device that a device file stands for.</summary>
    public uint Device;

    /// <summary>The caller's umask.</summary>
    public uint Umask;

    /// <summary>Unused.</summary>
    public uint Padding;
}

/// <summary><c>struct fuse_mkdir_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct MakeDirectoryIn
{
    /// <summary>Permission.</summary>
    public uint Mode;

    /// <summary>The caller's umask.</summary>
    public uint Umask;
}

/// <summary><c>struct fuse_rename_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct RenameIn
{
    /// <summary>The directory that it goes to.</summary>
    public ulong NewDirectory;
}

/// <summary><c>struct fuse_rename2_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Rename2In
{
    /// <summary>The directory that it goes to.</summary>
    public ulong NewDirectory;

    /// <summary><c>RENAME_…</c> (<c>linux/fs.h</c>).</summary>
    public uint Flags;

    /// <summary>Unused.</summary>
    public uint Padding;
}

/// <summary><c>struct fuse_link_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct LinkIn
{
    /// <summary>The file that gets one more name.</summary>
    public ulong OldNodeId;
}

/// <summary><c>struct fuse_forget_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ForgetIn
{
    /// <summary>References given back.</summary>
    public ulong LookupCount;
}

/// <summary><c>struct fuse_forget_one</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ForgetOne
{
    /// <summary>The inode.</summary>
    public ulong NodeId;

    /// <summary>References given back.</summary>
    public ulong LookupCount;
}

/// <summary><c>struct fuse_batch_forget_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct BatchForgetIn
{
    /// <summary>How many <see cref="ForgetOne"/> follow.</summary>
    public uint Count;

    /// <summary>Unused.</summary>
    public uint Unused;
}

/// <summary><c>struct fuse_setxattr_in</c>; without <see cref="InitFlags.SetXattrExtended"/> only the first 8 bytes are sent.</summary>
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

/// <summary><c>struct fuse_getxattr_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct GetXattrIn
{
    /// <summary>Room for the value in bytes; 0 asks for its size.</summary>
    public uint Size;

    /// <summary>Unused.</summary>
    public uint Padding;
}

/// <summary><c>struct fuse_getxattr_out</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct GetXattrOut
{
    /// <summary>Bytes of the value.</summary>
    public uint Size;

    /// <summary>Unused.</summary>
    public uint Padding;
}
