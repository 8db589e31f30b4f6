using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Inspection;
using VirtioFs.Fuse.Server;
using VirtioFs.Fuse.Wire;

namespace VirtioFs.Cmdlets;

/// <summary>What a share has counted of one operation of FUSE: since its start, or in an interval.</summary>
public sealed class VirtioFsOperationStatistic
{
    internal VirtioFsOperationStatistic(IRunningShare share, FuseOpcode opcode, OperationCounters now, OperationCounters? before)
    {
        ShareId = share.Id;
        Tag = share.Options.Tag;
        Operation = opcode.ToString();
        Count = now.Answered(opcode) - (before?.Answered(opcode) ?? 0);
        Errors = now.Failed(opcode) - (before?.Failed(opcode) ?? 0);
        Bytes = BytesOf(now, opcode) - (before is null ? 0 : BytesOf(before, opcode));
        Durations = now.Durations(opcode)?.Since(before?.Durations(opcode)) ?? new DurationHistogram();
        Median = TimeOf(Durations.Percentile(0.5));
        P99 = TimeOf(Durations.Percentile(0.99));
        Longest = TimeOf(Durations.Longest);
    }

    /// <summary>The id of the share.</summary>
    public int ShareId { get; }

    /// <summary>The share's tag.</summary>
    public string Tag { get; }

    /// <summary>The operation, such as Lookup or Read.</summary>
    public string Operation { get; }

    /// <summary>How often it was answered.</summary>
    public long Count { get; }

    /// <summary>How often it was answered with an error; a lookup of a name that is not there is one.</summary>
    public long Errors { get; }

    /// <summary>Bytes of file data that it read or wrote.</summary>
    public long Bytes { get; }

    /// <summary>The time within which half of the answers were made, to an eighth of itself.</summary>
    public TimeSpan Median { get; }

    /// <summary>The time within which 99 of 100 answers were made, to an eighth of itself.</summary>
    public TimeSpan P99 { get; }

    /// <summary>The longest time that an answer took.</summary>
    public TimeSpan Longest { get; }

    internal DurationHistogram Durations { get; }

    /// <summary>The operation.</summary>
    public override string ToString() => Operation;

    internal static TimeSpan TimeOf(long nanoseconds) => TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);

    private static long BytesOf(OperationCounters counters, FuseOpcode opcode) => opcode switch
    {
        FuseOpcode.Read => counters.BytesRead,
        FuseOpcode.Write => counters.BytesWritten,
        _ => 0,
    };
}
