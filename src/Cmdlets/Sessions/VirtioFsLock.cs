using VirtioFs.Fuse.Inspection;

namespace VirtioFs.Cmdlets;

/// <summary>A lock on an open file of a guest's, held or waited for.</summary>
public sealed class VirtioFsLock
{
    internal VirtioFsLock(SessionLock held)
    {
        Kind = held.Kind;
        IsHeld = held.IsHeld;
        IsWrite = held.IsWrite;
        ProcessId = held.ProcessId;
        Start = held.Start;
        End = held.End == long.MaxValue ? null : held.End;
    }

    /// <summary>Which call took it: fcntl(2) or flock(2).</summary>
    public SessionLockKind Kind { get; }

    /// <summary>Whether it is held; false while it is waited for.</summary>
    public bool IsHeld { get; }

    /// <summary>Whether it keeps readers out as well.</summary>
    public bool IsWrite { get; }

    /// <summary>The process in the guest; 0 when the guest does not say.</summary>
    public uint ProcessId { get; }

    /// <summary>The first byte.</summary>
    public long Start { get; }

    /// <summary>The last byte; null for up to the end, wherever that will be.</summary>
    public long? End { get; }

    /// <summary>The lock in one word, as the default table shows it.</summary>
    public override string ToString()
    {
        string range = Start == 0 && End is null ? string.Empty : $" {Start}-{End}";
        return $"{(IsHeld ? string.Empty : "waits: ")}{(IsWrite ? "write" : "read")}{range} ({ProcessId})";
    }
}
