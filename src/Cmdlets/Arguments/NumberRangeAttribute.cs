using System.Management.Automation;

namespace VirtioFs.Cmdlets;

/// <summary>Holds a number against its range; an option that is left out passes.</summary>
/// <param name="least">The least number.</param>
/// <param name="most">The most.</param>
public sealed class NumberRangeAttribute(int least, int most) : ValidateArgumentsAttribute
{
    /// <summary>The least number.</summary>
    public int Least { get; } = least;

    /// <summary>The most.</summary>
    public int Most { get; } = most;

    /// <inheritdoc/>
    protected override void Validate(object arguments, EngineIntrinsics engineIntrinsics)
    {
        if (arguments is int number && (number < Least || number > Most))
        {
            throw new ValidationMetadataException(Most == int.MaxValue ? $"{number} is not a number from {Least}." : $"{number} is not a number from {Least} to {Most}.");
        }
    }
}
