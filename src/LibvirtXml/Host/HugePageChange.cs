namespace VirtioFs.LibvirtXml.Host;

/// <summary>What became of a request to size a pool.</summary>
/// <param name="Before">The pool before.</param>
/// <param name="After">The pool after.</param>
/// <param name="Requested">The pool's size that was asked for, in pages.</param>
/// <param name="Warnings">Why it is another one.</param>
public sealed record HugePageChange(HugePagePool Before, HugePagePool After, long Requested, IReadOnlyList<Advice> Warnings)
{
    /// <summary>Whether the pool has the size that was asked for.</summary>
    public bool IsComplete => After.Total - After.Surplus == Requested;
}
