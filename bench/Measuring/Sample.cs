namespace VirtioFs.Bench.Measuring;

/// <summary>What one round of one cell gave.</summary>
/// <param name="OperationsPerSecond">Operations (or directory entries) a second.</param>
/// <param name="MedianMicroseconds">The median request's latency.</param>
/// <param name="Percentile99Microseconds">The latency that one request in a hundred exceeds.</param>
/// <param name="MaximumMicroseconds">The slowest request's latency.</param>
/// <param name="BytesPerSecond">Data moved a second.</param>
/// <param name="BackEndMicrosecondsPerOperation">Processor time of the back end's process an operation.</param>
internal sealed record Sample(
    double OperationsPerSecond,
    double MedianMicroseconds,
    double Percentile99Microseconds,
    double MaximumMicroseconds,
    double BytesPerSecond,
    double BackEndMicrosecondsPerOperation)
{
    /// <summary>The median of each figure by itself.</summary>
    public static Sample MedianOf(IReadOnlyList<Sample> samples) => new(
        Median(samples, sample => sample.OperationsPerSecond),
        Median(samples, sample => sample.MedianMicroseconds),
        Median(samples, sample => sample.Percentile99Microseconds),
        Median(samples, sample => sample.MaximumMicroseconds),
        Median(samples, sample => sample.BytesPerSecond),
        Median(samples, sample => sample.BackEndMicrosecondsPerOperation));

    private static double Median(IReadOnlyList<Sample> samples, Func<Sample, double> figure)
    {
        double[] sorted = [.. samples.Select(figure).Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
