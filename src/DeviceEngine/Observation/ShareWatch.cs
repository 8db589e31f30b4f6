using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Inspection;
using VirtioFs.Fuse.Wire;

namespace VirtioFs.DeviceEngine.Observation;

/// <summary>Watches a share of this process.</summary>
public sealed class ShareWatch : IShareWatch
{
    private const int MostTaken = 512;

    private readonly Share _share;
    private readonly OperationWatch _watch;
    private readonly int _capacity;
    private readonly IReadOnlyCollection<FuseOpcode>? _wanted;

    /// <summary>Begins to watch.</summary>
    /// <param name="share">The share.</param>
    /// <param name="capacity">The most operations that wait to be taken.</param>
    /// <param name="wanted">Only these; null for all.</param>
    public ShareWatch(Share share, int capacity, IReadOnlyCollection<FuseOpcode>? wanted)
    {
        ArgumentNullException.ThrowIfNull(share);
        (_share, _watch, _capacity, _wanted) = (share, new OperationWatch(capacity), capacity, wanted);
        share.BeginWatch(_watch);
    }

    /// <inheritdoc/>
    public long Dropped => _watch.Dropped;

    /// <inheritdoc/>
    public bool IsOver => _share.State == ShareState.Stopped;

    /// <inheritdoc/>
    public IReadOnlyList<ObservedOperation> Take()
    {
        List<ObservedOperation> taken = [];

        // Those that are not wanted cost little, so that a guest which asks for very much of them does not have the others dropped.
        for (int i = 0; i < _capacity && taken.Count < MostTaken && _watch.TryTake(out WatchedOperation operation); i++)
        {
            if (_wanted?.Contains(operation.Opcode) != false)
            {
                taken.Add(new ObservedOperation(operation, operation.Node == 0 ? null : _share.FindPath(operation.Node)));
            }
        }

        return taken;
    }

    /// <summary>Ends the watch.</summary>
    public void Dispose() => _share.EndWatch(_watch);
}
