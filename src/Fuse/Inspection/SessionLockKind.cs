namespace VirtioFs.Fuse.Inspection;

/// <summary>Which call of the guest took a lock.</summary>
public enum SessionLockKind
{
    /// <summary>fcntl(2): a range of bytes, of a process or an open file description.</summary>
    Posix,

    /// <summary>flock(2): a whole file, of an open file description.</summary>
    Flock,
}
