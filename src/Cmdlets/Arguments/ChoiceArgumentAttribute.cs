using System.Globalization;

namespace VirtioFs.Cmdlets;

/// <summary>Reads one of an enumeration's words, in any case, or its number as JSON has it.</summary>
/// <param name="standard">The value of an option that is left out.</param>
public sealed class ChoiceArgumentAttribute(object standard) : OptionArgumentAttribute
{
    /// <summary>The value of an option that is left out.</summary>
    public object Standard { get; } = standard;

    /// <summary>A word that the standard value had before, and that tables and scripts still have; null for none.</summary>
    public string? Former { get; init; }

    /// <inheritdoc/>
    protected override object? Omitted => Standard;

    /// <inheritdoc/>
    protected override object? Read(object value)
    {
        Type type = Standard.GetType();
        if (Unwrap(value) is { } given && given.GetType() == type)
        {
            return given;
        }

        string? text = Unwrap(value) as string ?? Convert.ToString(Unwrap(value), CultureInfo.InvariantCulture);
        if (Former is not null && string.Equals(text?.Trim(), Former, StringComparison.OrdinalIgnoreCase))
        {
            return Standard;
        }

        bool isWord = Enum.TryParse(type, text, ignoreCase: true, out object? word) && Enum.IsDefined(type, word!);
        return isWord ? word : throw new FormatException($"it is one of {string.Join(", ", Enum.GetNames(type))}.");
    }
}
