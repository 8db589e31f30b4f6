using System.Globalization;

namespace VirtioFs.Cmdlets;

/// <summary>Reads a whole number in decimal digits.</summary>
public sealed class NumberArgumentAttribute : OptionArgumentAttribute
{
    /// <inheritdoc/>
    protected override object? Read(object value) => Unwrap(value) switch
    {
        int number => number,
        _ => int.TryParse(Text(value), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new FormatException("it is a whole number."),
    };
}
