namespace VirtioFs.Fuse.Passthrough.Mounts;

/// <summary>Whether inodes that the guest knows are held by file handles. The names are virtiofsd's (<c>--inode-file-handles</c>).</summary>
public enum FileHandleUse
{
    /// <summary>Where the file system has them and they can be opened; elsewhere as with <see cref="Never"/>.</summary>
    Prefer,

    /// <summary>Never: by descriptors, and beyond the budget by directory and name.</summary>
    Never,

    /// <summary>Only by handles: an inode that has none cannot be looked up (EOPNOTSUPP).</summary>
    Mandatory,
}
