using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire.Attributes;

/// <summary><c>struct fuse_setattr_in</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SetAttributesIn
{
    /// <summary>Which fields are meant.</summary>
    public AttributeChanges Valid;

    /// <summary>Unused.</summary>
    public uint Padding;

    /// <summary>An open file's handle.</summary>
    public ulong Handle;

    /// <summary>Bytes.</summary>
    public ulong Size;

    /// <summary>Who holds locks.</summary>
    public ulong LockOwner;

    /// <summary>Seconds.</summary>
    public ulong AccessTime;

    /// <summary>Seconds.</summary>
    public ulong ModificationTime;

    /// <summary>Seconds.</summary>
    public ulong ChangeTime;

    /// <summary>Nanoseconds.</summary>
    public uint AccessNanoseconds;

    /// <summary>Nanoseconds.</summary>
    public uint ModificationNanoseconds;

    /// <summary>Nanoseconds.</summary>
    public uint ChangeNanoseconds;

    /// <summary>Type and permission.</summary>
    public uint Mode;

    /// <summary>Unused.</summary>
    public uint Unused4;

    /// <summary>Owner.</summary>
    public uint UserId;

    /// <summary>Group.</summary>
    public uint GroupId;

    /// <summary>Unused.</summary>
    public uint Unused5;
}
