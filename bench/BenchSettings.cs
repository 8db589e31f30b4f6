using VirtioFs.Frontend.Rings;

namespace VirtioFs.Bench;

/// <summary>What is measured, and how.</summary>
internal sealed record BenchSettings
{
    /// <summary>Workloads by name.</summary>
    public required string[] Workloads { get; init; }

    /// <summary>Numbers of requests in flight, in all queues together.</summary>
    public required int[] Depths { get; init; }

    /// <summary>Numbers of request queues.</summary>
    public required int[] Queues { get; init; }

    /// <summary>How completions are waited for.</summary>
    public required CompletionWait Wait { get; init; }

    /// <summary>Measured time of each round of a cell.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Unmeasured time before it.</summary>
    public required TimeSpan WarmUp { get; init; }

    /// <summary>Rounds of each cell.</summary>
    public required int Rounds { get; init; }

    /// <summary>Bytes of the file that data is read from and written to.</summary>
    public required long FileBytes { get; init; }

    /// <summary>Bytes of each piece of memory of a request's data; a Linux guest sends pages.</summary>
    public required int PieceBytes { get; init; }

    /// <summary>Entries of each ring.</summary>
    public required int QueueSize { get; init; }
}
