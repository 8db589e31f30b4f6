using VirtioFs.DeviceEngine.Observation;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Wire;

namespace VirtioFs.DeviceEngine.Control;

/// <summary>Looks at shares, of this process and detached ones alike.</summary>
public static class ShareObservation
{
    /// <summary>What a share has counted.</summary>
    /// <exception cref="IOException">The process of a detached share does not answer.</exception>
    public static ShareCounts Count(IRunningShare share) => share is DetachedShare detached ? detached.Count() : ShareCounts.Of((Share)share);

    /// <summary>Begins to watch a share's operations.</summary>
    /// <param name="share">The share.</param>
    /// <param name="capacity">The most operations that wait to be taken.</param>
    /// <param name="wanted">Only these; null for all.</param>
    /// <exception cref="IOException">The process of a detached share does not answer.</exception>
    public static IShareWatch Watch(IRunningShare share, int capacity, IReadOnlyCollection<FuseOpcode>? wanted) =>
        share is DetachedShare detached ? new DetachedFeed(detached, capacity, wanted) : new ShareWatch((Share)share, capacity, wanted);

    /// <summary>Lets a share tell what it is doing now. One of this process always does.</summary>
    /// <exception cref="IOException">The process of a detached share does not answer.</exception>
    public static void Refresh(IRunningShare share) => (share as DetachedShare)?.Refresh();
}
