namespace VirtioFs.Fuse.Inspection;

/// <summary>
/// What a guest's session holds, as it was while it was looked at: requests go on meanwhile, so two entries need not be of the very same
/// moment. Each list is empty unless it was asked for.
/// </summary>
public sealed record SessionHoldings
{
    /// <summary>Inodes that the guest knows, the root among them.</summary>
    public int InodeCount { get; init; }

    /// <summary>Descriptors that hold inodes without their being open.</summary>
    public int InodeDescriptorCount { get; init; }

    /// <summary>Files and directories that the guest holds open.</summary>
    public int OpenFileCount { get; init; }

    /// <summary>Descriptors that hold locks.</summary>
    public int LockDescriptorCount { get; init; }

    /// <summary>The inodes.</summary>
    public IReadOnlyList<SessionInode> Inodes { get; init; } = [];

    /// <summary>The open files and directories.</summary>
    public IReadOnlyList<SessionFile> OpenFiles { get; init; } = [];

    /// <summary>The locks held and waited for.</summary>
    public IReadOnlyList<SessionLock> Locks { get; init; } = [];
}
