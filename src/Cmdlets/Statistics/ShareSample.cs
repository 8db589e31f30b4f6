using VirtioFs.DeviceEngine.Control;
using VirtioFs.DeviceEngine.Observation;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>What a share has counted up to a moment.</summary>
/// <param name="share">The share.</param>
internal sealed class ShareSample(IRunningShare share)
{
    internal IRunningShare Share { get; } = share;

    internal ShareCounts Counts { get; } = ShareObservation.Count(share);

    internal DateTimeOffset Time { get; } = DateTimeOffset.Now;
}
