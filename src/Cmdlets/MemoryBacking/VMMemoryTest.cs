namespace VirtioFs.Cmdlets;

/// <summary>Whether a domain's memory can be shared with a device such as virtio-fs.</summary>
/// <param name="DomainName">The domain's name.</param>
/// <param name="IsShared">Whether it can.</param>
/// <param name="Message">Why, and what to change if it cannot.</param>
/// <param name="FailingCells">The NUMA cells that stand in the way.</param>
public sealed record VMMemoryTest(string? DomainName, bool IsShared, string Message, IReadOnlyList<int> FailingCells);
