namespace VirtioFs.Fuse.Locks;

/// <summary>How far a lock that a guest takes reaches.</summary>
public enum LockScope
{
    /// <summary>To the host: host processes, other guests and other shares see it, and it sees theirs.</summary>
    Host,

    /// <summary>Inside of the guest only, where it is kept; the host hears nothing of it.</summary>
    Guest,

    /// <summary>Nowhere: taking one fails with ENOLCK.</summary>
    None,
}
