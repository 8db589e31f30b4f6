using System.Globalization;
using System.Management.Automation;

namespace VirtioFs.Cmdlets;

/// <summary>
/// Reads a time as seconds where it is a plain number, and as .NET writes it where it is not. Without this PowerShell would take
/// a plain number for units of 100 nanoseconds.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class TimeoutAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? input = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (input is null or TimeSpan)
        {
            return input;
        }

        string text = Convert.ToString(input, CultureInfo.InvariantCulture)!;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds)
            && seconds <= TimeSpan.MaxValue.TotalSeconds)
        {
            return TimeSpan.FromSeconds(seconds);
        }

        return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan time) && time >= TimeSpan.Zero
            ? time
            : throw new ArgumentTransformationMetadataException($"'{input}' is no time. Give seconds, such as 1 or 0.5, or a time such as 00:01:30.");
    }
}
