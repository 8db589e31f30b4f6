
namespace VirtioFs.Fuse.Wire.Attributes;

/// <summary>Which fields of <see cref="SetAttributesIn"/> are meant (<c>FATTR_…</c>).</summary>
[Flags]
public enum AttributeChanges : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><c>FATTR_MODE</c>.</summary>
    Mode = 1 << 0,

    /// <summary><c>FATTR_UID</c>.</summary>
    UserId = 1 << 1,

    /// <summary><c>FATTR_GID</c>.</summary>
    GroupId = 1 << 2,

    /// <summary><c>FATTR_SIZE</c>.</summary>
    Size = 1 << 3,

    /// <summary><c>FATTR_ATIME</c>.</summary>
    AccessTime = 1 << 4,

    /// <summary><c>FATTR_MTIME</c>.</summary>
    ModificationTime = 1 << 5,

    /// <summary><c>FATTR_FH</c>.</summary>
    Handle = 1 << 6,

    /// <summary><c>FATTR_ATIME_NOW</c>.</summary>
    AccessTimeNow = 1 << 7,

    /// <summary><c>FATTR_MTIME_NOW</c>.</summary>
    ModificationTimeNow = 1 << 8,

    /// <summary><c>FATTR_LOCKOWNER</c>.</summary>
    LockOwner = 1 << 9,

    /// <summary><c>FATTR_CTIME</c>.</summary>
    ChangeTime = 1 << 10,

    /// <summary><c>FATTR_KILL_SUIDGID</c>.</summary>
    KillSetId = 1 << 11,
}
