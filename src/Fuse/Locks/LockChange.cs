namespace VirtioFs.Fuse.Locks;

/// <summary>What becomes of an owner's ranges when one is taken or given up: some go, and at most three come in their place.</summary>
/// <param name="First">The first that goes.</param>
/// <param name="Count">How many go.</param>
/// <param name="Left">What is left of one that begins before the changed range.</param>
/// <param name="Taken">The taken range, with its neighbours of the same kind; null when one is given up.</param>
/// <param name="Right">What is left of one that ends after the changed range.</param>
internal readonly record struct LockChange(int First, int Count, LockRange? Left, LockRange? Taken, LockRange? Right)
{
    /// <summary>How many ranges there are more afterwards; negative when there are fewer.</summary>
    internal int Growth => (Left is null ? 0 : 1) + (Taken is null ? 0 : 1) + (Right is null ? 0 : 1) - Count;
}
