using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire;

/// <summary>What each request begins with (<c>struct fuse_in_header</c>, <c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct InHeader
{
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

/// <summary>What each answer begins with (<c>struct fuse_out_header</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct OutHeader
{
    /// <summary>Bytes of the whole answer.</summary>
    public uint Length;

    /// <summary>Zero, or a negated error number.</summary>
    public int Error;

    /// <summary>The request's number.</summary>
    public ulong Unique;
}

/// <summary>An extension at a request's end (<c>struct fuse_ext_header</c>; a security context's header has the same shape).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ExtensionHeader
{
    /// <summary><c>FUSE_EXT_GROUPS</c>: <c>struct fuse_supp_groups</c>, a count and as many groups.</summary>
    public const uint Groups = 32;

    /// <summary><c>FUSE_MAX_NR_SECCTX</c>: up to here, <see cref="Type"/> is a number of security contexts.</summary>
    public const uint MaximumSecurityContexts = 31;

    /// <summary>Bytes of the extension with this header, a multiple of 8.</summary>
    public uint Size;

    /// <summary>What it is.</summary>
    public uint Type;
}
