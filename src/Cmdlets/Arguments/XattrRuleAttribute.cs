using VirtioFs.Fuse.ExtendedAttributeNames;

namespace VirtioFs.Cmdlets;

/// <summary>Reads rules for the names of extended attributes.</summary>
public sealed class XattrRuleAttribute : ParsedTextAttribute
{
    /// <inheritdoc/>
    protected override object? Read(object value) => ReadRule(value);

    /// <inheritdoc/>
    protected override object Parse(string text) => XattrMap.Parse(text);

    /// <inheritdoc/>
    protected override bool IsRule(object value) => value is XattrMap;
}
