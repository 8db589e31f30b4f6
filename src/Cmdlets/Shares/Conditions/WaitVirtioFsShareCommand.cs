using System.Management.Automation;
using VirtioFs.DeviceEngine.Control;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Waits until a guest is connected to shares, is not any more, or does nothing.</summary>
[Cmdlet(VerbsLifecycle.Wait, "VirtioFsShare", DefaultParameterSetName = TagSet)]
[OutputType(typeof(VirtioFsShareInfo))]
public sealed class WaitVirtioFsShareCommand : SharePickingCmdlet
{
    private static readonly TimeSpan s_often = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_seldom = TimeSpan.FromSeconds(5);

    private readonly List<IRunningShare> _shares = [];

    /// <summary>What is waited for.</summary>
    [Parameter(Mandatory = true)]
    public ShareCondition For { get; set; }

    /// <summary>How long to wait at most, for all of the shares together; without it, as long as it takes.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan? Timeout { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => _shares.AddRange(SelectShares());

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        long start = Environment.TickCount64;
        foreach (IRunningShare share in _shares.DistinctBy(share => share.Id))
        {
            TimeSpan left = Timeout is TimeSpan limit
                ? TimeSpan.FromMilliseconds(Math.Max(0, limit.TotalMilliseconds - (Environment.TickCount64 - start)))
                : System.Threading.Timeout.InfiniteTimeSpan;
            Await(share, left);
        }
    }

    private void Await(IRunningShare share, TimeSpan limit)
    {
        ShareIdleness idleness = new(share);
        bool Holds() => For switch
        {
            ShareCondition.Connected => share.State == ShareState.Connected,
            ShareCondition.Disconnected => share.State != ShareState.Connected,
            _ => idleness.IsIdle(),
        };
        bool Ends() => For == ShareCondition.Connected && share.State is ShareState.Stopped or ShareState.Faulted;
        bool Asks()
        {
            ShareObservation.Refresh(share);
            return Holds() || Ends();
        }

        bool ended = false;
        using (ShareChanges changes = new(share))
        {
            try
            {
                if (!TryReach(share, () => ended = changes.TryAwait(Asks, limit, For == ShareCondition.Idle ? s_often : s_seldom, Cancellation)))
                {
                    return;
                }
            }
            catch (OperationCanceledException)
            {
                throw new PipelineStoppedException();
            }
        }

        if (ended && Ends())
        {
            WriteFailure("ShareEnded", ErrorCategory.InvalidOperation, share.Id,
                $"The share '{share.Options.Tag}' is {share.State.ToString().ToLowerInvariant()}, so no guest will connect to it. {share.FaultReason}".TrimEnd(),
                "Start it again with Restart-VirtioFsShare or Start-VirtioFsShare.");
        }
        else if (ended)
        {
            WriteObject(new VirtioFsShareInfo(share));
        }
        else
        {
            WriteFailure("WaitTimedOut", ErrorCategory.OperationTimeout, share.Id,
                new TimeoutException($"The share '{share.Options.Tag}' did not become {For.ToString().ToLowerInvariant()} within {Timeout!.Value.TotalSeconds:0.###} seconds; it is {share.State.ToString().ToLowerInvariant()}."),
                "Give a longer -Timeout, or look with Get-VirtioFsSession and Get-VirtioFsOpenFile who uses the share.");
        }
    }
}
