namespace VirtioFs.LibvirtXml;

/// <summary>Whether a domain's memory can be shared with a device's daemon.</summary>
/// <param name="IsShared">Whether it can.</param>
/// <param name="Message">A sentence: why, and what to change if it cannot.</param>
/// <param name="FailingCells">The NUMA cells that stand in the way.</param>
public sealed record SharedMemoryResult(bool IsShared, string Message, IReadOnlyList<int> FailingCells)
{
    /// <inheritdoc/>
    public override string ToString() => Message;
}
