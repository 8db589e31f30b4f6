using VirtioFs.Fuse;

namespace VirtioFs.Cmdlets;

/// <summary>Reads rules for user or group ids.</summary>
public sealed class IdRuleAttribute : ParsedTextAttribute
{
    /// <inheritdoc/>
    protected override object Parse(string text) => IdRange.Parse(text);
}
