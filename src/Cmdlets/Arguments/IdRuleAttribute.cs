using VirtioFs.Fuse.Identity;

namespace VirtioFs.Cmdlets;

/// <summary>Reads rules for user or group ids: a list of them, or one text in which blanks, commas or semicolons divide them.</summary>
public sealed class IdRuleAttribute : ParsedTextAttribute
{
    /// <inheritdoc/>
    protected override object? Read(object value) =>
        Elements(value).SelectMany(Divide).Select(ReadRule).Cast<IdRange>().ToArray();

    /// <inheritdoc/>
    protected override object Parse(string text) => IdRange.Parse(text);

    /// <inheritdoc/>
    protected override bool IsRule(object value) => value is IdRange;

    private static IEnumerable<object?> Divide(object? element) =>
        Unwrap(element) is string text ? text.Split([' ', ',', ';', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries) : [element];
}
