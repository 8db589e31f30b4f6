namespace VirtioFs.LibvirtXml;

/// <summary>One setting before and after a change, for <c>-WhatIf</c> and for logs.</summary>
/// <param name="Setting">What is changed, such as <c>memory backing access</c>.</param>
/// <param name="Before">The value before; null when there was none.</param>
/// <param name="After">The value after; null when there is none.</param>
public sealed record Change(string Setting, string? Before, string? After)
{
    /// <summary>The change in one line.</summary>
    /// <returns>A text such as <c>access: (none) -> shared</c>.</returns>
    public override string ToString() => $"{Setting}: {Before ?? "(none)"} -> {After ?? "(none)"}";

    internal static IReadOnlyList<Change> Between(
        IEnumerable<(string Name, string? Value)> before,
        IEnumerable<(string Name, string? Value)> after) =>
        [.. before.Zip(after)
            .Where(pair => pair.First.Value != pair.Second.Value)
            .Select(pair => new Change(pair.First.Name, pair.First.Value, pair.Second.Value))];
}
