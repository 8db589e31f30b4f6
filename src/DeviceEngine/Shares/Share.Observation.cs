using VirtioFs.Fuse.Inspection;

namespace VirtioFs.DeviceEngine.Shares;

/// <content>What a share does, for who measures or watches it.</content>
public sealed partial class Share
{
    /// <summary>
    /// Whether it is measured how long requests take, in <see cref="CountOperations"/>: two readings of the clock a request. True from the
    /// start; counts go on when it is false.
    /// </summary>
    public bool MeasuresTimes
    {
        get => _control.MeasuresTimes;
        set => _control.MeasuresTimes = value;
    }

    /// <summary>The numbers of what the guest holds now; null when the share is gone.</summary>
    public SessionHoldings? CountHoldings() => _control.CountHoldings();

    /// <summary>Begins to put each request that is answered into a watch. As long as nobody watches, it costs nothing.</summary>
    /// <param name="watch">Where they go.</param>
    public void BeginWatch(OperationWatch watch) => _control.BeginWatch(watch);

    /// <summary>Ends what <see cref="BeginWatch"/> began.</summary>
    /// <param name="watch">The same.</param>
    public void EndWatch(OperationWatch watch) => _control.EndWatch(watch);

    /// <summary>Where the host has an inode that the guest knows; null when it does not know it, or no descriptor holds it now.</summary>
    /// <param name="node">A node id.</param>
    public string? FindPath(ulong node) => _control.FindPath(node);
}
