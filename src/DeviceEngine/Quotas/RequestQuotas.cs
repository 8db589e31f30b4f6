using VirtioFs.DeviceEngine.Rings;

namespace VirtioFs.DeviceEngine.Quotas;

/// <summary>What a share's requests may hold of this process while they are not in the hands of their ring's worker.</summary>
internal sealed class RequestQuotas
{
    /// <summary>Requests that block, in units of <see cref="RequestChain.Weight"/>: 2048 ordinary ones, or 120 that each read 1 MiB in pages.</summary>
    internal const int MostDeferred = 2048;

    /// <summary>Requests that wait for a lock, in the same units.</summary>
    internal const int MostWaiting = 1024;

    /// <summary>Threads of a share that stand in for others, or are stuck while others stand in for them.</summary>
    internal const int MostStandIns = 64;

    /// <summary>Threads for requests that block.</summary>
    internal const int MostThreads = 256;

    private static readonly Quota s_standIns = new(4 * MostStandIns);
    private static readonly Quota s_deferred = new(4 * MostDeferred);
    private static readonly Quota s_waiting = new(4 * MostWaiting);
    private static readonly Quota s_threads = new(MostThreads);

    internal static Quota CreateStandIns() => new(MostStandIns, 4, s_standIns);

    /// <summary>Requests that were deferred and do not wait.</summary>
    internal Quota Deferred { get; } = new(MostDeferred, MostDeferred / 16, s_deferred);

    /// <summary>Requests that wait for somebody else.</summary>
    internal Quota Waiting { get; } = new(MostWaiting, MostWaiting / 16, s_waiting);

    /// <summary>Threads for requests that block; the share's own limit is its option.</summary>
    internal Quota Threads { get; } = new(MostThreads, 1, s_threads);
}
