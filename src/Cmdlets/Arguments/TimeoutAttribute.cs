using System.Globalization;
using System.Management.Automation;
using VirtioFs.DeviceEngine.Options;

namespace VirtioFs.Cmdlets;

/// <summary>
/// Reads a time as seconds where it is a plain number, and as .NET writes it where it is not. Without this PowerShell would take
/// a plain number for units of 100 nanoseconds.
/// </summary>
public sealed class TimeoutAttribute : OptionArgumentAttribute
{
    /// <inheritdoc/>
    protected override object? Read(object value)
    {
        if (Unwrap(value) is TimeSpan time)
        {
            return time;
        }

        // A time that has been to JSON is an object with the parts of one.
        if (value is PSObject { BaseObject: PSCustomObject } parts)
        {
            return parts.Properties["Ticks"]?.Value is { } ticks
                ? TimeSpan.FromTicks(Convert.ToInt64(ticks, CultureInfo.InvariantCulture))
                : throw new FormatException("a time is seconds, such as 1 or 0.5.");
        }

        return OptionText.ReadSeconds(Convert.ToString(Unwrap(value), CultureInfo.InvariantCulture)!);
    }
}
