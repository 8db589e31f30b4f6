using VirtioFs.Fuse.Inspection;
using VirtioFs.Fuse.Server;

namespace VirtioFs.DeviceEngine.Shares;

/// <content>What the file server does, for who measures or watches it.</content>
internal sealed partial class ShareControl
{
    internal OperationCounters CountOperations()
    {
        OperationCounters total = new();
        lock (_gate)
        {
            total.Add(_retiredOperations);
            _leftBehind.ForEach(service => total.Add(service.Server.Count()));
            total.Add(_service.Server.Count());
        }

        return total;
    }

    /// <inheritdoc cref="Share.MeasuresTimes"/>
    internal bool MeasuresTimes
    {
        get => _service.Server.MeasuresTimes;
        set => ForEachServer(server => server.MeasuresTimes = value);
    }

    /// <inheritdoc cref="Share.CountHoldings"/>
    internal SessionHoldings? CountHoldings() => _service.Server.Inspect(SessionParts.None);

    /// <inheritdoc cref="Share.BeginWatch"/>
    internal void BeginWatch(OperationWatch watch) => ForEachServer(server => server.BeginWatch(watch));

    /// <inheritdoc cref="Share.EndWatch"/>
    internal void EndWatch(OperationWatch watch) => ForEachServer(server => server.EndWatch(watch));

    /// <inheritdoc cref="Share.FindPath"/>
    internal string? FindPath(ulong node) => _service.Server.FindPath(node);

    /// <summary>Does something to all that answer requests: the present one, and those that were left behind with requests that may still come back.</summary>
    private void ForEachServer(Action<FuseServer> action)
    {
        lock (_gate)
        {
            _leftBehind.ForEach(service => action(service.Server));
            action(_service.Server);
        }
    }
}
