using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire;

/// <summary>What each request begins with (<c>struct fuse_in_header</c>, <c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct InHeader
{
    /// <summary><c>FUSE_ROOT_ID</c>: the root's node id.</summary>
    public const ulong RootId = 1;

    /// <summary>Bytes of the whole request.</summary>
    public uint Length;

    /// <summary>What is asked.</summary>
    public FuseOpcode Opcode;

    /// <summary>The request's own number, given back in the answer.</summary>
    public ulong Unique;

    /// <summary>The inode it is about.</summary>
    public ulong NodeId;

    /// <summary>The caller's user.</summary>
    public uint UserId;

    /// <summary>The caller's group.</summary>
    public uint GroupId;

    /// <summary>The caller's process, in the guest.</summary>
    public uint ProcessId;

    /// <summary>Length of the extensions at the request's end, in units of 8 bytes.</summary>
    public ushort ExtensionLength;

    /// <summary>Unused.</summary>
    public ushort Padding;
}
