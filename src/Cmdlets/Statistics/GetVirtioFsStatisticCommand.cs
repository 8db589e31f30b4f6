using System.Management.Automation;
using VirtioFs.DeviceEngine.Control;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Tells what shares have counted since their start, or again and again in an interval.</summary>
[Cmdlet(VerbsCommon.Get, "VirtioFsStatistic", DefaultParameterSetName = TagSet)]
[OutputType(typeof(VirtioFsStatistic), typeof(VirtioFsOperationStatistic))]
public sealed class GetVirtioFsStatisticCommand : SharePickingCmdlet
{
    private readonly List<IRunningShare> _shares = [];

    /// <summary>Only these operations, with wildcards; each as an object of its own.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(FuseOperationCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Operation { get; set; }

    /// <summary>Streams what came in each interval, until the user stops the pipeline or the shares are stopped.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan? Interval { get; set; }

    /// <summary>Ends after so many intervals.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? MaxSamples { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => _shares.AddRange(SelectShares());

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (Interval is null)
        {
            _shares.ForEach(share => Write(share, before: null));
            return;
        }

        if (Interval < TimeSpan.FromMilliseconds(10) || Interval > TimeSpan.FromDays(1))
        {
            ThrowTerminatingError(CreateErrorRecord("IntervalOutOfRange", ErrorCategory.InvalidArgument, Interval,
                new PSArgumentException($"An interval of {Interval} is not possible."), "Give seconds from 0.01 to 86400."));
        }

        ShareSample[] before = [.. _shares.Select(TakeSample).OfType<ShareSample>()];
        DateTimeOffset next = DateTimeOffset.UtcNow;
        for (int sample = 0; sample < (MaxSamples ?? int.MaxValue) && Array.Exists(before, one => one.Counts.State != ShareState.Stopped); sample++)
        {
            next += Interval.Value;
            TimeSpan left = next - DateTimeOffset.UtcNow;
            if (Cancellation.WaitHandle.WaitOne(left < TimeSpan.Zero ? TimeSpan.Zero : left))
            {
                throw new PipelineStoppedException();
            }

            before = [.. before.Select(one => Write(one.Share, one)).OfType<ShareSample>()];
        }
    }

    /// <summary>What a share has counted; null when its process does not answer, which is reported.</summary>
    private ShareSample? TakeSample(IRunningShare share)
    {
        ShareSample? sample = null;
        return TryReach(share, () => sample = new ShareSample(share)) ? sample : null;
    }

    /// <summary>Writes what a share has counted since a sample, and answers the next one. A detached share that was stopped ends its stream.</summary>
    private ShareSample? Write(IRunningShare share, ShareSample? before)
    {
        if ((before is not null && share is DetachedShare { HasEnded: true }) || TakeSample(share) is not { } now)
        {
            return null;
        }

        VirtioFsStatistic statistic = new(now, before);
        if (Operation is null)
        {
            WriteObject(statistic);
            return now;
        }

        WildcardPattern[] patterns = [.. Operation.Select(NamePattern.Of)];
        foreach (VirtioFsOperationStatistic operation in statistic.Operations)
        {
            if (Array.Exists(patterns, pattern => pattern.IsMatch(operation.Operation)))
            {
                WriteObject(operation);
            }
        }

        return now;
    }
}
