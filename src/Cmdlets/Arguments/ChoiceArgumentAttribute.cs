namespace VirtioFs.Cmdlets;

/// <summary>Reads one of an enumeration's words, in any case, or its number as JSON has it.</summary>
/// <param name="standard">The value of an option that is left out.</param>
public sealed class ChoiceArgumentAttribute(object standard) : OptionArgumentAttribute
{
    /// <summary>The value of an option that is left out.</summary>
    public object Standard { get; } = standard;

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

        bool isWord = Enum.TryParse(type, Unwrap(value) is string text ? text : Convert.ToString(Unwrap(value), System.Globalization.CultureInfo.InvariantCulture), ignoreCase: true, out object? word)
            && Enum.IsDefined(type, word!);
        return isWord ? word : throw new FormatException($"it is one of {string.Join(", ", Enum.GetNames(type))}.");
    }
}
