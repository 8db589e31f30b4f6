using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire;

/// <summary>An extension at a request's end (<c>struct fuse_ext_header</c> (<c>linux/fuse.h</c>); a security context's header has the same shape).</summary>
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
