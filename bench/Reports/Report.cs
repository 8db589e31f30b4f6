using System.Globalization;
using System.Text.Json;
using VirtioFs.Bench.BackEnds;
using VirtioFs.Bench.Measuring;
using VirtioFs.Frontend.Rings;

namespace VirtioFs.Bench.Reports;

/// <summary>Says what was measured: as tables for people, and as JSON for programs.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    };

    /// <summary>What the figures depend on, in a few lines.</summary>
    public static string Conditions(BenchSettings settings, params IReadOnlyList<BenchSession> sessions)
    {
        string wait = settings.Wait == CompletionWait.Poll
            ? "The load generator polls for completions and wants no calls, so wake-ups of its own are not in the latencies."
            : "The load generator sleeps for completions: at depth 1 the latencies hold the host's wake-up of an idle processor.";
        IEnumerable<string> names = sessions.Select(session => $"{session.Name}: {session.CommandLine}");
        return string.Join(Environment.NewLine, names.Append(wait).Append(
            $"{Processor()}, {Environment.ProcessorCount} processors, load {Load()} at the beginning, Linux {Environment.OSVersion.Version}; " +
            $"{settings.Rounds} rounds of {settings.Duration.TotalSeconds.ToString("0.##", CultureInfo.InvariantCulture)} s a cell, medians."));
    }

    /// <summary>One back end's figures.</summary>
    public static string Table(IEnumerable<CellResult> results)
    {
        TextTable table = new("workload", "depth", "queues", "op/s", "p50 us", "p99 us", "max us", "MB/s", "CPU us/op", "op is");
        foreach (CellResult result in results)
        {
            Sample median = result.Median;
            table.Add(
                result.Cell.Workload,
                Text(result.Cell.Depth),
                Text(result.Cell.Queues),
                Text(median.OperationsPerSecond, "0"),
                Text(median.MedianMicroseconds, "0.0"),
                Text(median.Percentile99Microseconds, "0.0"),
                Text(median.MaximumMicroseconds, "0"),
                median.BytesPerSecond == 0 ? "-" : Text(median.BytesPerSecond / 1e6, "0"),
                Text(median.BackEndMicrosecondsPerOperation, "0.00"),
                result.Unit);
        }

        return table.ToString();
    }

    /// <summary>Two back ends side by side: a ratio above 1 means that A does more, or takes longer, or uses more.</summary>
    public static string Comparison(IEnumerable<(CellResult A, CellResult B)> results)
    {
        TextTable table = new(
            "workload", "depth", "queues", "A op/s", "B op/s", "op/s A/B", "A p50 us", "B p50 us", "p50 A/B", "p99 A/B", "A CPU us", "B CPU us", "CPU A/B");
        foreach ((CellResult a, CellResult b) in results)
        {
            table.Add(
                a.Cell.Workload,
                Text(a.Cell.Depth),
                Text(a.Cell.Queues),
                Text(a.Median.OperationsPerSecond, "0"),
                Text(b.Median.OperationsPerSecond, "0"),
                Ratio(a, b, sample => sample.OperationsPerSecond),
                Text(a.Median.MedianMicroseconds, "0.0"),
                Text(b.Median.MedianMicroseconds, "0.0"),
                Ratio(a, b, sample => sample.MedianMicroseconds),
                Ratio(a, b, sample => sample.Percentile99Microseconds),
                Text(a.Median.BackEndMicrosecondsPerOperation, "0.00"),
                Text(b.Median.BackEndMicrosecondsPerOperation, "0.00"),
                Ratio(a, b, sample => sample.BackEndMicrosecondsPerOperation));
        }

        return table.ToString();
    }

    /// <summary>Everything, each round included.</summary>
    public static string ToJson(BenchSettings settings, IReadOnlyList<BenchSession> sessions, IReadOnlyList<IReadOnlyList<CellResult>> results) =>
        JsonSerializer.Serialize(
            new
            {
                Date = DateTimeOffset.UtcNow,
                Processor = Processor(),
                Processors = Environment.ProcessorCount,
                Kernel = Environment.OSVersion.Version.ToString(),
                Wait = settings.Wait.ToString(),
                Seconds = settings.Duration.TotalSeconds,
                settings.FileBytes,
                settings.PieceBytes,
                settings.QueueSize,
                BackEnds = sessions.Select((session, i) => new
                {
                    session.Name,
                    session.CommandLine,
                    Cells = results[i].Select(result => new
                    {
                        result.Cell.Workload,
                        result.Cell.Depth,
                        result.Cell.Queues,
                        result.Unit,
                        result.Median,
                        result.Rounds,
                    }),
                }),
            },
            Json);

    private static string Ratio(CellResult a, CellResult b, Func<Sample, double> figure) =>
        figure(b.Median) == 0 ? "-" : Text(figure(a.Median) / figure(b.Median), "0.00");

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    // The average of the last minute: anything near the number of processors means that others were measured as well.
    private static string Load() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    private static string Processor()
    {
        string? line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal));
        return line is null ? "Processor unknown" : line[(line.IndexOf(':', StringComparison.Ordinal) + 2)..];
    }
}
