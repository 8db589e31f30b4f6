using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Inspection;
using VirtioFs.Fuse.Server;

namespace VirtioFs.Cmdlets;

/// <summary>What a share has counted up to a moment.</summary>
internal sealed class ShareSample
{
    internal ShareSample(Share share)
    {
        Share = share;
        Time = DateTimeOffset.Now;
        State = share.State;
        Statistics = share.GetStatistics();
        Operations = share.CountOperations();
        Holdings = share.CountHoldings() ?? new SessionHoldings();
        Queues = [.. share.Guest?.Queues ?? []];
        ProcessorTime = ShareProcessorTime.Of(share);
    }

    internal Share Share { get; }

    internal DateTimeOffset Time { get; }

    internal ShareState State { get; }

    internal ShareStatistics Statistics { get; }

    internal OperationCounters Operations { get; }

    internal SessionHoldings Holdings { get; }

    internal ShareGuestQueue[] Queues { get; }

    internal TimeSpan ProcessorTime { get; }
}
