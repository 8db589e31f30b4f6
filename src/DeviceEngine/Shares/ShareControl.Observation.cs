using VirtioFs.Fuse.Inspection;

namespace VirtioFs.DeviceEngine.Shares;

/// <content>What the file server does, for who measures or watches it.</content>
internal sealed partial class ShareControl
{
    /// <inheritdoc cref="Share.MeasuresTimes"/>
    internal bool MeasuresTimes
    {
        get => _service.Server.MeasuresTimes;
        set => _service.Server.MeasuresTimes = value;
    }

    /// <inheritdoc cref="Share.CountHoldings"/>
    internal SessionHoldings? CountHoldings() => _service.Server.Inspect(SessionParts.None);

    /// <inheritdoc cref="Share.BeginWatch"/>
    internal void BeginWatch(OperationWatch watch) => _service.Server.BeginWatch(watch);

    /// <inheritdoc cref="Share.EndWatch"/>
    internal void EndWatch(OperationWatch watch) => _service.Server.EndWatch(watch);

    /// <inheritdoc cref="Share.FindPath"/>
    internal string? FindPath(ulong node) => _service.Server.FindPath(node);
}
