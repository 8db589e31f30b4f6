using VirtioFs.Linux;

namespace VirtioFs.Fuse.Budgets;

/// <summary>
/// How many of one kind of thing guests can make this process hold, by all of its shares together. Each share is promised a part, which
/// counts as spent from the share's beginning; what is beyond the promises goes to whoever asks first, less a reserve for shares that are
/// yet to come. So a share that has taken all it may leaves the others what they were promised, and a new one can be started.
/// </summary>
/// <param name="limit">The most of all shares together.</param>
/// <param name="reserve">The part of <paramref name="limit"/> that only the promises of new shares may be taken from.</param>
/// <param name="promise">What a share is sure to get.</param>
/// <param name="standing">What a share holds of it as long as it exists.</param>
internal sealed class ProcessBudget(long limit, long reserve, long promise, int standing = 0)
{
    // A share's sockets, and the descriptors by which it and its front end wake each other: four for each of the usual nine rings.
    private const int DescriptorsOfDevice = 40;

    private readonly Lock _lock = new();
    private long _spent;

    /// <summary>Descriptors: a quarter of the process's limit is never given to guests.</summary>
    internal static ProcessBudget Descriptors { get; } = OfDescriptors(ProcessLimits.Descriptors);

    /// <summary>Records of locks: ranges held and waited for.</summary>
    internal static ProcessBudget Locks { get; } = new(65536, reserve: 8192, promise: 512);

    /// <summary>Inodes.</summary>
    internal static ProcessBudget Inodes { get; } = new(1L << 25, reserve: 1 << 21, promise: 1 << 16);

    /// <summary>Whether more can be had than was promised.</summary>
    internal bool HasRoom => Volatile.Read(ref _spent) < limit - reserve;

    /// <summary>The budget under a limit of descriptors (<c>RLIMIT_NOFILE</c>): what was not promised ends at half of it.</summary>
    internal static ProcessBudget OfDescriptors(long limit) =>
        new(limit / 4 * 3, limit / 4, Math.Clamp(limit / 64, 16, 1024) + DescriptorsOfDevice, DescriptorsOfDevice);

    /// <summary>Promises a share its part, or what is left of it where very many shares have theirs already.</summary>
    /// <param name="most">The most that the share may hold.</param>
    internal ShareBudget Open(long most)
    {
        lock (_lock)
        {
            long promised = Math.Clamp(limit - Volatile.Read(ref _spent), 0, promise);
            Spend(promised);
            return new ShareBudget(this, most, promised, standing);
        }
    }

    internal bool TrySpend(long count)
    {
        if (Interlocked.Add(ref _spent, count) <= limit - reserve)
        {
            return true;
        }

        GiveBack(count);
        return false;
    }

    internal void Spend(long count) => _ = Interlocked.Add(ref _spent, count);

    internal void GiveBack(long count) => _ = Interlocked.Add(ref _spent, -count);
}
