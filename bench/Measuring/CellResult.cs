namespace VirtioFs.Bench.Measuring;

/// <summary>All rounds of one cell against one back end.</summary>
/// <param name="Cell">What was measured.</param>
/// <param name="Unit">What is counted as one operation.</param>
/// <param name="Rounds">Each round.</param>
internal sealed record CellResult(Cell Cell, string Unit, IReadOnlyList<Sample> Rounds)
{
    /// <summary>The median of the rounds.</summary>
    public Sample Median { get; } = Sample.MedianOf(Rounds);
}
