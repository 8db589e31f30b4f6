namespace VirtioFs.Fuse.Locks;

/// <summary>A file on which locks are held or waited for. The table's lock guards all of it but <see cref="Turn"/>.</summary>
internal sealed class LockedFile(ulong node)
{
    internal ulong Node { get; } = node;

    /// <summary>Held by who changes the file's locks, also while the host is asked. It is taken before the table's lock, never after.</summary>
    internal Lock Turn { get; } = new();

    /// <summary>How many have the turn or wait for it.</summary>
    internal int Users { get; set; }

    /// <summary>All owners' ranges.</summary>
    internal RangeIndex Held { get; } = new();

    /// <summary>What requests wait for.</summary>
    internal RangeIndex Awaited { get; } = new();

    /// <summary>The requests that wait for a lock of flock(2).</summary>
    internal HashSet<ulong> FlockWaits { get; } = [];

    /// <summary>Whether the session has ended that it belongs to.</summary>
    internal bool IsOver { get; set; }

    /// <summary>What the session's end left to the last user to close.</summary>
    internal List<HeldLocks> Ended { get; } = [];

    internal bool IsIdle => Users == 0 && Held.IsEmpty && Awaited.IsEmpty && FlockWaits.Count == 0;
}
