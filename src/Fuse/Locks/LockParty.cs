namespace VirtioFs.Fuse.Locks;

/// <summary>What a range in a <see cref="RangeIndex"/> belongs to: an owner's locks on a file, or a request that waits for one.</summary>
internal abstract class LockParty(LockOwner owner, LockedFile file)
{
    private static long s_last;

    internal LockOwner Owner { get; } = owner;

    internal LockedFile File { get; } = file;

    /// <summary>A number of its own: the order of ranges that begin at the same byte.</summary>
    internal long Serial { get; } = Interlocked.Increment(ref s_last);
}
