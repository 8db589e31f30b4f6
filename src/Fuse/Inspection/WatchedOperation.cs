using VirtioFs.Fuse.Wire;

namespace VirtioFs.Fuse.Inspection;

/// <summary>One request of a guest, as it was answered.</summary>
/// <param name="EndedAt">When it was answered, in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</param>
/// <param name="Nanoseconds">How long the thread that answered was at it.</param>
/// <param name="Unique">The request's number.</param>
/// <param name="Opcode">What was asked for.</param>
/// <param name="Node">The node that it was asked of.</param>
/// <param name="UserId">The caller's user in the guest.</param>
/// <param name="GroupId">The caller's group in the guest.</param>
/// <param name="ProcessId">The caller's process in the guest.</param>
/// <param name="Error">The error number, positive; 0 for success.</param>
/// <param name="Bytes">Bytes of file data read or written.</param>
/// <param name="Name">The name in the node that it was about, or of an extended attribute; null when it has none.</param>
/// <param name="OtherName">The new name of a rename, or the target of a symbolic link; null when there is none.</param>
public readonly record struct WatchedOperation(
    long EndedAt,
    long Nanoseconds,
    ulong Unique,
    FuseOpcode Opcode,
    ulong Node,
    uint UserId,
    uint GroupId,
    uint ProcessId,
    int Error,
    long Bytes,
    string? Name,
    string? OtherName);
