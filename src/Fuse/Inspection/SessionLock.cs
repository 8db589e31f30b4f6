namespace VirtioFs.Fuse.Inspection;

/// <summary>A lock that a guest holds or waits for.</summary>
/// <param name="Kind">Which call took it.</param>
/// <param name="Node">The file's node id.</param>
/// <param name="Handles">The open files through which it was taken; none of a lock that is waited for.</param>
/// <param name="Owner">The guest's number of whoever holds it; 0 of a lock of flock(2), which its open file holds.</param>
/// <param name="ProcessId">The process in the guest that took it, or waits for it; 0 when the guest does not say.</param>
/// <param name="IsWrite">Whether it keeps readers out as well.</param>
/// <param name="IsHeld">Whether it is held; false while it is waited for.</param>
/// <param name="Start">The first byte.</param>
/// <param name="End">The last byte; <see cref="long.MaxValue"/> for up to the end, wherever that will be.</param>
public sealed record SessionLock(
    SessionLockKind Kind,
    ulong Node,
    IReadOnlyList<ulong> Handles,
    ulong Owner,
    uint ProcessId,
    bool IsWrite,
    bool IsHeld,
    long Start,
    long End);
