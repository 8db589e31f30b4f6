namespace VirtioFs.Bench.Workloads;

/// <summary>Every workload by its name, in the order in which they are reported.</summary>
internal static class WorkloadCatalog
{
    private const int FourKibibytes = 4 << 10, OneMebibyte = 1 << 20;

    private static readonly Dictionary<string, Func<Workload>> Makers = new Func<Workload>[]
    {
        () => new GetattrWorkload(),
        () => new LookupWorkload(),
        () => new OpenReadReleaseWorkload(),
        () => new ReaddirplusWorkload(),
        () => new TransferWorkload("read-4k-random", write: false, FourKibibytes, random: true),
        () => new TransferWorkload("read-4k-sequential", write: false, FourKibibytes, random: false),
        () => new TransferWorkload("read-1m-random", write: false, OneMebibyte, random: true),
        () => new TransferWorkload("read-1m-sequential", write: false, OneMebibyte, random: false),
        () => new TransferWorkload("write-4k-random", write: true, FourKibibytes, random: true),
        () => new TransferWorkload("write-4k-sequential", write: true, FourKibibytes, random: false),
        () => new TransferWorkload("write-1m-random", write: true, OneMebibyte, random: true),
        () => new TransferWorkload("write-1m-sequential", write: true, OneMebibyte, random: false),
        () => new CreateUnlinkWorkload("create-unlink", writtenBytes: 0),
        () => new CreateUnlinkWorkload("create-write-unlink", writtenBytes: FourKibibytes),
    }.ToDictionary(maker => maker().Name);

    /// <summary>All names.</summary>
    public static IReadOnlyCollection<string> Names => Makers.Keys;

    /// <summary>Makes a workload.</summary>
    /// <exception cref="BenchException">There is none of this name.</exception>
    public static Workload Create(string name) => Makers.TryGetValue(name, out Func<Workload>? maker)
        ? maker()
        : throw new BenchException($"There is no workload '{name}'. There are: {string.Join(", ", Names)}.");
}
