using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Attributes;

/// <summary><c>struct fuse_getattr_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct GetAttributesIn
{
    /// <summary><c>FUSE_GETATTR_FH</c>: the handle is valid.</summary>
    public const uint HandleValid = 1;

    /// <summary>Flags.</summary>
    public uint Flags;

    /// <summary>Unused.</summary>
    public uint Unused;

    /// <summary>An open file's handle.</summary>
    public ulong Handle;
}
