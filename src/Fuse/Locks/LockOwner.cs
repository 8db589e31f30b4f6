namespace VirtioFs.Fuse.Locks;

/// <summary>Who holds locks in the guest, or waits for some: a process, or an open file description.</summary>
internal sealed class LockOwner(ulong number)
{
    /// <summary>The guest's number of it.</summary>
    internal ulong Number { get; } = number;

    /// <summary>What it holds, a file each.</summary>
    internal List<HeldLocks> Held { get; } = [];

    /// <summary>What it waits for: a request for each of its threads that does.</summary>
    internal List<LockWait> Waits { get; } = [];

    /// <summary>The last search that came by, see <see cref="LockGraph"/>.</summary>
    internal long LastSearch { get; set; }

    /// <summary>How many are about to change what it holds.</summary>
    internal int Users { get; set; }

    internal bool IsIdle => Users == 0 && Held.Count == 0 && Waits.Count == 0;
}
