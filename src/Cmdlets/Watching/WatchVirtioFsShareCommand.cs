using System.Management.Automation;
using VirtioFs.DeviceEngine.Control;
using VirtioFs.DeviceEngine.Observation;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Wire;

namespace VirtioFs.Cmdlets;

/// <summary>Streams each request that guests make of shares, until the user stops the pipeline.</summary>
[Cmdlet(VerbsCommon.Watch, "VirtioFsShare", DefaultParameterSetName = TagSet)]
[OutputType(typeof(VirtioFsOperation))]
public sealed class WatchVirtioFsShareCommand : SharePickingCmdlet
{
    private const int SmallestBuffer = 16, LargestBuffer = 1 << 20;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_betweenWarnings = TimeSpan.FromSeconds(1);

    private readonly List<(IRunningShare Share, IShareWatch Watch)> _watched = [];
    private long _told;
    private long _toldAt;

    /// <summary>Only these operations, with wildcards.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(FuseOperationCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Operation { get; set; }

    /// <summary>How many operations of each share may wait for the pipeline; what comes beyond is dropped and counted.</summary>
    [Parameter]
    [ValidateRange(SmallestBuffer, LargestBuffer)]
    public int BufferSize { get; set; } = 16384;

    /// <summary>Ends after this time; without it, when the user stops the pipeline or the shares are stopped.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan? Timeout { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        WildcardPattern[]? patterns = Operation is null ? null : [.. Operation.Select(NamePattern.Of)];
        FuseOpcode[]? wanted = patterns is null ? null : [.. Enum.GetValues<FuseOpcode>().Where(opcode => Array.Exists(patterns, pattern => pattern.IsMatch(opcode.ToString())))];
        foreach (IRunningShare share in SelectShares())
        {
            TryReach(share, () => _watched.Add((share, ShareObservation.Watch(share, BufferSize, wanted))));
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        long start = Environment.TickCount64;
        bool isOver;
        do
        {
            isOver = _watched.TrueForAll(watched => watched.Watch.IsOver)
                || (Timeout is TimeSpan limit && Environment.TickCount64 - start >= limit.TotalMilliseconds);
            if (!WriteWaiting() && !isOver && Cancellation.WaitHandle.WaitOne(s_pause))
            {
                throw new PipelineStoppedException();
            }

            WarnOfDropped(isOver);
        }
        while (!isOver);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _watched.ForEach(watched => watched.Watch.Dispose());
        _watched.Clear();
        base.Dispose(disposing);
    }

    /// <summary>Writes what waits now. False when nothing did.</summary>
    private bool WriteWaiting()
    {
        bool any = false;
        foreach ((IRunningShare share, IShareWatch watch) in _watched.ToArray())
        {
            // Some of each share: a guest that never stops asking must not keep the other shares from being heard.
            IReadOnlyList<ObservedOperation> taken = [];
            if (!TryReach(share, () => taken = watch.Take()))
            {
                watch.Dispose();
                _watched.Remove((share, watch));
                continue;
            }

            any |= taken.Count > 0;
            foreach (ObservedOperation operation in taken)
            {
                WriteObject(new VirtioFsOperation(share, operation, watch.Dropped));
            }
        }

        return any;
    }

    private void WarnOfDropped(bool isLast)
    {
        long dropped = _watched.Sum(watched => watched.Watch.Dropped);
        if (dropped == _told || (!isLast && Environment.TickCount64 - _toldAt < s_betweenWarnings.TotalMilliseconds))
        {
            return;
        }

        WriteWarning($"{dropped - _told} operations came faster than the pipeline took them, and are not shown. Name fewer with -Operation, or give a larger -BufferSize.");
        (_told, _toldAt) = (dropped, Environment.TickCount64);
    }
}
