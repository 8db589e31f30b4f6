using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Inspection;
using VirtioFs.Fuse.Wire;

namespace VirtioFs.Cmdlets;

/// <summary>What a share has counted: since its start, or in an interval.</summary>
public sealed class VirtioFsStatistic
{
    private static readonly FuseOpcode[] s_opcodes = Enum.GetValues<FuseOpcode>();

    internal VirtioFsStatistic(ShareSample now, ShareSample? before)
    {
        ShareId = now.Share.Id;
        Tag = now.Share.Options.Tag;
        State = now.Counts.State;
        Time = now.Time;
        Elapsed = now.Time - (before?.Time ?? now.Share.StartedAt);
        Operations = [.. s_opcodes
            .Where(opcode => now.Counts.Operations.Answered(opcode) > (before?.Counts.Operations.Answered(opcode) ?? 0))
            .Select(opcode => new VirtioFsOperationStatistic(now.Share, opcode, now.Counts.Operations, before?.Counts.Operations))];
        Requests = Operations.Sum(operation => operation.Count);
        Errors = Operations.Sum(operation => operation.Errors);
        BytesRead = now.Counts.Operations.BytesRead - (before?.Counts.Operations.BytesRead ?? 0);
        BytesWritten = now.Counts.Operations.BytesWritten - (before?.Counts.Operations.BytesWritten ?? 0);
        DurationHistogram all = new();
        foreach (VirtioFsOperationStatistic operation in Operations)
        {
            all.Add(operation.Durations);
        }

        Median = VirtioFsOperationStatistic.TimeOf(all.Percentile(0.5));
        P99 = VirtioFsOperationStatistic.TimeOf(all.Percentile(0.99));
        Longest = VirtioFsOperationStatistic.TimeOf(all.Longest);
        RefusedRequests = now.Counts.Statistics.RefusedRequests - (before?.Counts.Statistics.RefusedRequests ?? 0);
        DeferredRequests = now.Counts.Statistics.DeferredRequests - (before?.Counts.Statistics.DeferredRequests ?? 0);
        Kicks = now.Counts.Statistics.Kicks - (before?.Counts.Statistics.Kicks ?? 0);
        Calls = now.Counts.Statistics.Calls - (before?.Counts.Statistics.Calls ?? 0);
        TimeSpan processor = now.Counts.ProcessorTime - (before?.Counts.ProcessorTime ?? TimeSpan.Zero);
        ProcessorTime = processor < TimeSpan.Zero ? TimeSpan.Zero : processor;
        InodeCount = now.Counts.Holdings.InodeCount;
        OpenFileCount = now.Counts.Holdings.OpenFileCount;
        DescriptorCount = now.Counts.Holdings.InodeDescriptorCount + now.Counts.Holdings.OpenFileCount + now.Counts.Holdings.LockDescriptorCount;
        Queues = [.. now.Counts.Queues];
    }

    /// <summary>The id of the share.</summary>
    public int ShareId { get; }

    /// <summary>The share's tag.</summary>
    public string Tag { get; }

    /// <summary>What the share was doing.</summary>
    public ShareState State { get; }

    /// <summary>Until when it was counted.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>How long it was counted: since the share's start, or since the sample before.</summary>
    public TimeSpan Elapsed { get; }

    /// <summary>Requests of FUSE that were answered.</summary>
    public long Requests { get; }

    /// <summary>Requests that were answered with an error; a lookup of a name that is not there is one.</summary>
    public long Errors { get; }

    /// <summary>Bytes of file data given to the guest.</summary>
    public long BytesRead { get; }

    /// <summary>Bytes of file data taken from the guest.</summary>
    public long BytesWritten { get; }

    /// <summary>The time within which half of the answers were made, to an eighth of itself.</summary>
    public TimeSpan Median { get; }

    /// <summary>The time within which 99 of 100 answers were made, to an eighth of itself.</summary>
    public TimeSpan P99 { get; }

    /// <summary>The longest time that an answer took.</summary>
    public TimeSpan Longest { get; }

    /// <summary>Requests that named memory which the guest does not have.</summary>
    public long RefusedRequests { get; }

    /// <summary>Requests that were given to a thread of their own, since they would have held up the queue.</summary>
    public long DeferredRequests { get; }

    /// <summary>Times that the guest woke a worker.</summary>
    public long Kicks { get; }

    /// <summary>Times that the guest was notified.</summary>
    public long Calls { get; }

    /// <summary>Processor time of the share's threads, to a hundredth of a second; of those that have ended since it is lost.</summary>
    public TimeSpan ProcessorTime { get; }

    /// <summary>Inodes that the guest knows now.</summary>
    public int InodeCount { get; }

    /// <summary>Files and directories that the guest holds open now.</summary>
    public int OpenFileCount { get; }

    /// <summary>Descriptors that the share holds for inodes, open files and locks now.</summary>
    public int DescriptorCount { get; }

    /// <summary>The virtqueues of the connected guest, counted since it connected.</summary>
    public ShareGuestQueue[] Queues { get; }

    /// <summary>Each operation that there was.</summary>
    public VirtioFsOperationStatistic[] Operations { get; }

    /// <summary>The tag.</summary>
    public override string ToString() => Tag;
}
