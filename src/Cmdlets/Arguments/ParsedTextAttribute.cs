using System.Collections;

namespace VirtioFs.Cmdlets;

/// <summary>Reads rules that are written as text, and says in the reader's own words what is wrong with them.</summary>
public abstract class ParsedTextAttribute : OptionArgumentAttribute
{
    /// <summary>Reads one text.</summary>
    /// <exception cref="FormatException">The text breaks the rules' grammar; the message says where.</exception>
    protected abstract object Parse(string text);

    /// <summary>The rule itself, or what its text says.</summary>
    protected abstract bool IsRule(object value);

    /// <summary>Reads one rule, or the text of one.</summary>
    protected object ReadRule(object? value) => Unwrap(value) is { } rule && IsRule(rule)
        ? rule
        : Parse(value is null ? string.Empty : Text(value));

    /// <summary>The elements of a list; one value is a list of one.</summary>
    protected static IEnumerable<object?> Elements(object value) =>
        Unwrap(value) is IEnumerable list and not string ? list.Cast<object?>() : [value];
}
