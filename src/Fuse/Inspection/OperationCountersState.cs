using VirtioFs.Fuse.Wire;

namespace VirtioFs.Fuse.Inspection;

/// <summary>The counts of all operations, to be written down.</summary>
public sealed record OperationCountersState
{
    /// <summary>Requests that were no requests.</summary>
    public long Malformed { get; init; }

    /// <summary>Bytes of file data given to the guest.</summary>
    public long BytesRead { get; init; }

    /// <summary>Bytes of file data taken from the guest.</summary>
    public long BytesWritten { get; init; }

    /// <summary>Each operation that there was.</summary>
    public IReadOnlyList<OperationState> Operations { get; init; } = [];

    /// <summary>The counts of one operation.</summary>
    /// <param name="Opcode">The operation.</param>
    /// <param name="Answered">How often it was answered.</param>
    /// <param name="Failed">How often with an error.</param>
    /// <param name="Longest">The longest time that an answer took, in nanoseconds.</param>
    /// <param name="Durations">How many answers took how long, by the buckets of <see cref="DurationHistogram"/>; empty where it was not measured.</param>
    public readonly record struct OperationState(FuseOpcode Opcode, long Answered, long Failed, long Longest, IReadOnlyList<long> Durations);
}
