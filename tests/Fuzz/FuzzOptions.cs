namespace VirtioFs.Fuzz;

/// <summary>How long and on what.</summary>
internal sealed record FuzzOptions
{
    /// <summary>Ends the run after so long.</summary>
    internal TimeSpan Time { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Ends the run after so many inputs.</summary>
    internal long Count { get; init; } = long.MaxValue;

    /// <summary>The first round's seed; each further round has the next number.</summary>
    internal ulong Seed { get; init; } = 1;

    /// <summary>Where the shares lie; their file system's own code is on the way, too.</summary>
    internal string Directory { get; init; } = System.IO.Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();

    /// <summary>Layers to leave out, by name.</summary>
    internal IReadOnlyList<string> Without { get; init; } = [];

    /// <summary>How all shares are set up, by name (<see cref="FuzzConfiguration"/>); null for each way in its turn.</summary>
    internal string? Configuration { get; init; }
}
