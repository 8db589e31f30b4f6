using VirtioFs.Fuse.Inspection;

namespace VirtioFs.DeviceEngine.Shares;

/// <content>What the file server does, for who measures or watches it.</content>
internal sealed partial class ShareControl
{
    /// <inheritdoc cref="Share.MeasuresTimes"/>
    internal bool MeasuresTimes
    {
        get => _server.MeasuresTimes;
        set => _server.MeasuresTimes = value;
    }

    /// <inheritdoc cref="Share.CountHoldings"/>
    internal SessionHoldings? CountHoldings() => _server.Inspect(SessionParts.None);

    /// <inheritdoc cref="Share.BeginWatch"/>
    internal void BeginWatch(OperationWatch watch) => _server.BeginWatch(watch);

    /// <inheritdoc cref="Share.EndWatch"/>
    internal void EndWatch(OperationWatch watch) => _server.EndWatch(watch);

    /// <inheritdoc cref="Share.FindPath"/>
    internal string? FindPath(ulong node) => _server.FindPath(node);
}
