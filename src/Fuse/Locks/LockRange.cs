namespace VirtioFs.Fuse.Locks;

/// <summary>A range of a file that somebody holds or wants.</summary>
/// <param name="Start">The first byte.</param>
/// <param name="End">The last byte; <see cref="long.MaxValue"/> up to the end, wherever it will be.</param>
/// <param name="IsWrite">Whether it keeps readers out as well.</param>
/// <param name="ProcessId">The process in the guest that took it.</param>
internal readonly record struct LockRange(long Start, long End, bool IsWrite, uint ProcessId)
{
    /// <summary>The range's length as fcntl(2) has it: 0 up to the end.</summary>
    internal long HostLength => End == long.MaxValue ? 0 : End - Start + 1;

    internal bool Overlaps(in LockRange other) => Start <= other.End && other.Start <= End;

    internal bool ConflictsWith(in LockRange other) => (IsWrite || other.IsWrite) && Overlaps(other);
}
