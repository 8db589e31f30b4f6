namespace VirtioFs.Fuse.Inspection;

/// <summary>What is to be listed of a session, beside the numbers.</summary>
[Flags]
public enum SessionParts
{
    /// <summary>The numbers alone.</summary>
    None = 0,

    /// <summary>Each inode that the guest knows.</summary>
    Inodes = 1,

    /// <summary>Each file and directory that the guest holds open.</summary>
    OpenFiles = 2,

    /// <summary>Each lock that the guest holds or waits for.</summary>
    Locks = 4,

    /// <summary>Everything.</summary>
    All = Inodes | OpenFiles | Locks,
}
