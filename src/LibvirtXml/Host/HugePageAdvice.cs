namespace VirtioFs.LibvirtXml.Host;

/// <summary>How many pages of one size a domain needs, and how many are there.</summary>
/// <param name="PageSize">The size of a page.</param>
/// <param name="Needed">The pages that the guest's memory takes.</param>
/// <param name="Available">The pages that are free and promised to nobody.</param>
/// <param name="PoolSize">The pool's size with which the guest can start.</param>
/// <param name="Message">A sentence that says what to do.</param>
public sealed record HugePageAdvice(ByteSize PageSize, long Needed, long Available, long PoolSize, string Message)
{
    /// <summary>The pages that are missing.</summary>
    public long Missing => Math.Max(0, Needed - Available);
}
