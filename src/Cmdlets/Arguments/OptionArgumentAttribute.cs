using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace VirtioFs.Cmdlets;

/// <summary>
/// Reads the value of an option from whatever carries it: an argument, a cell of a table, a value that has been to JSON or another process and
/// back. Nothing, and an empty text, are an option that is left out; what is not understood is an error, never a default.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public abstract class OptionArgumentAttribute : ArgumentTransformationAttribute
{
    /// <summary>What a parameter gets when the option is left out.</summary>
    protected virtual object? Omitted => null;

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        if (IsEmpty(inputData))
        {
            return Omitted;
        }

        try
        {
            return Read(inputData);
        }
        catch (FormatException e)
        {
            throw new ArgumentTransformationMetadataException($"'{Text(inputData)}' cannot be used: {e.Message}", e);
        }
    }

    /// <summary>Reads a value that is not empty.</summary>
    /// <exception cref="FormatException">It is no value of the option; the message says what one is, as the end of a sentence.</exception>
    protected abstract object? Read(object value);

    /// <summary>Whether a value stands for an option that is left out: nothing, an empty text, a list without elements.</summary>
    internal static bool IsEmpty(object? value) => Unwrap(value) switch
    {
        null or DBNull => true,
        string text => string.IsNullOrWhiteSpace(text),
        ICollection list => list.Count == 0,
        _ => false,
    };

    /// <summary>The value as text. What came from another process keeps the text that it had there.</summary>
    protected static string Text(object value) => value is PSObject wrapped
        ? wrapped.ToString()
        : Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty;

    /// <summary>The value without PowerShell's wrapper.</summary>
    protected static object? Unwrap(object? value) => value is PSObject wrapped && wrapped != System.Management.Automation.Internal.AutomationNull.Value ? wrapped.BaseObject : value;
}
