using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Inspection;
using VirtioFs.Fuse.Server;

namespace VirtioFs.DeviceEngine.Observation;

/// <summary>What a share has counted since its start, and what it holds.</summary>
public sealed record ShareCounts
{
    /// <summary>What it was doing.</summary>
    public ShareState State { get; init; }

    /// <summary>What it has counted itself.</summary>
    public ShareStatistics Statistics { get; init; } = new();

    /// <summary>How often each operation was answered.</summary>
    public OperationCounters Operations { get; init; } = new();

    /// <summary>The numbers of what the guest holds now.</summary>
    public SessionHoldings Holdings { get; init; } = new();

    /// <summary>The virtqueues of the connected guest.</summary>
    public IReadOnlyList<ShareGuestQueue> Queues { get; init; } = [];

    /// <summary>Processor time of the share's threads, of those that there are.</summary>
    public TimeSpan ProcessorTime { get; init; }

    /// <summary>Those of a share of this process.</summary>
    /// <param name="share">The share.</param>
    public static ShareCounts Of(Share share)
    {
        ArgumentNullException.ThrowIfNull(share);
        return new ShareCounts
        {
            State = share.State,
            Statistics = share.GetStatistics(),
            Operations = share.CountOperations(),
            Holdings = share.CountHoldings() ?? new SessionHoldings(),
            Queues = [.. share.Guest?.Queues ?? []],
            ProcessorTime = ShareProcessorTime.Of(share),
        };
    }
}
