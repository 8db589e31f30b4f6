using System.Management.Automation;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Tells what shares have counted since their start, or again and again in an interval.</summary>
[Cmdlet(VerbsCommon.Get, "VirtioFsStatistic", DefaultParameterSetName = TagSet)]
[OutputType(typeof(VirtioFsStatistic), typeof(VirtioFsOperationStatistic))]
public sealed class GetVirtioFsStatisticCommand : SharePickingCmdlet
{
    private readonly List<Share> _shares = [];

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
    protected override void ProcessRecord() => _shares.AddRange(SelectOwnShares());

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        ShareSample?[] before = new ShareSample?[_shares.Count];
        if (Interval is null)
        {
            Write(before);
            return;
        }

        if (Interval < TimeSpan.FromMilliseconds(10) || Interval > TimeSpan.FromDays(1))
        {
            ThrowTerminatingError(CreateErrorRecord("IntervalOutOfRange", ErrorCategory.InvalidArgument, Interval,
                new PSArgumentException($"An interval of {Interval} is not possible."), "Give seconds from 0.01 to 86400."));
        }

        before = [.. _shares.Select(share => new ShareSample(share))];
        DateTimeOffset next = DateTimeOffset.UtcNow;
        for (int sample = 0; sample < (MaxSamples ?? int.MaxValue) && _shares.Exists(share => share.State != ShareState.Stopped); sample++)
        {
            next += Interval.Value;
            TimeSpan left = next - DateTimeOffset.UtcNow;
            if (Cancellation.WaitHandle.WaitOne(left < TimeSpan.Zero ? TimeSpan.Zero : left))
            {
                throw new PipelineStoppedException();
            }

            before = Write(before);
        }
    }

    private ShareSample[] Write(ShareSample?[] before)
    {
        ShareSample[] now = [.. _shares.Select(share => new ShareSample(share))];
        WildcardPattern[]? patterns = Operation is null ? null : [.. Operation.Select(NamePattern.Of)];
        for (int i = 0; i < now.Length; i++)
        {
            VirtioFsStatistic statistic = new(now[i], before[i]);
            if (patterns is null)
            {
                WriteObject(statistic);
                continue;
            }

            foreach (VirtioFsOperationStatistic operation in statistic.Operations)
            {
                if (Array.Exists(patterns, pattern => pattern.IsMatch(operation.Operation)))
                {
                    WriteObject(operation);
                }
            }
        }

        return now;
    }
}
