using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Locks;

/// <summary><c>struct fuse_file_lock</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FileLock
{
    /// <summary>First byte.</summary>
    public ulong Start;

    /// <summary>Last byte.</summary>
    public ulong End;

    /// <summary><c>F_RDLCK</c>, <c>F_WRLCK</c>, <c>F_UNLCK</c>.</summary>
    public uint Type;

    /// <summary>The process that holds it, in the guest.</summary>
    public uint ProcessId;
}
