using System.Collections;
using System.Management.Automation;

namespace VirtioFs.Cmdlets;

/// <summary>Reads rules that are written as text, and says in the reader's own words what is wrong with them.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public abstract class ParsedTextAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? input = Unwrap(inputData);
        return input is IEnumerable list and not string ? list.Cast<object?>().Select(item => Read(Unwrap(item))).ToArray() : Read(input);
    }

    /// <summary>Reads one text.</summary>
    /// <exception cref="FormatException">The text breaks the rules' grammar; the message says where.</exception>
    protected abstract object Parse(string text);

    private static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private object? Read(object? value)
    {
        if (value is not string text)
        {
            return value;
        }

        try
        {
            return Parse(text);
        }
        catch (FormatException e)
        {
            throw new ArgumentTransformationMetadataException(e.Message, e);
        }
    }
}
