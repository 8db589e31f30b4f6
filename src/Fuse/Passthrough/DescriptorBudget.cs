using VirtioFs.Linux;

namespace VirtioFs.Fuse;

/// <summary>
/// Descriptors that guests hold by all shares of this process: each share has a budget of its own, and together they leave the
/// process a quarter of its limit, however many shares there are.
/// </summary>
internal static class DescriptorBudget
{
    private static readonly long s_limit = ProcessLimits.Descriptors / 4 * 3;
    private static long s_held;

    /// <summary>Whether one more may be opened.</summary>
    internal static bool HasRoom => Volatile.Read(ref s_held) < s_limit;

    internal static void Take() => _ = Interlocked.Increment(ref s_held);

    internal static void Give(int count = 1) => _ = Interlocked.Add(ref s_held, -count);
}
