namespace VirtioFs.Fuse.Locks;

/// <summary>A request that waits for a lock.</summary>
internal sealed class LockWait(ulong unique, LockOwner owner, LockedFile file, LockRange wanted) : LockParty(owner, file)
{
    /// <summary>The request's number.</summary>
    internal ulong Unique { get; } = unique;

    internal LockRange Wanted { get; } = wanted;

    /// <summary>The table's count of changes when no circle was found last.</summary>
    internal long SearchedAt { get; set; } = -1;

    /// <summary>Whether a lock of this guest was in the way last, so that its release is what is waited for.</summary>
    internal bool AwaitsRelease { get; set; }

    internal bool Is(ulong node, ulong owner, in LockRange range) => File.Node == node && Owner.Number == owner && Wanted == range;
}
