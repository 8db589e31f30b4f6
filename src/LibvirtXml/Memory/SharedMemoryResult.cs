namespace VirtioFs.LibvirtXml.Memory;

/// <summary>Whether a machine's memory can be shared with a device's daemon.</summary>
/// <param name="IsShared">Whether it can.</param>
/// <param name="Message">A sentence: why, and what to change if it cannot.</param>
/// <param name="FailingCells">The NUMA cells that stand in the way.</param>
public sealed record SharedMemoryResult(bool IsShared, string Message, IReadOnlyList<int> FailingCells)
{
    /// <summary>The id of the error, and of the warning, about memory that cannot be shared.</summary>
    private const string Id = "SharedMemoryRequired";

    /// <summary>Throws where the memory cannot be shared.</summary>
    /// <param name="whatFails">The beginning of the sentence, such as "The domain 'a' cannot take 'share'"; null for none.</param>
    /// <param name="remark">What to know besides, as full sentences; null for nothing.</param>
    /// <param name="advice">What takes the place of the advice that a caller would add; null for none.</param>
    /// <exception cref="DomainRuleException">It cannot.</exception>
    public void Require(string? whatFails = null, string? remark = null, string? advice = null)
    {
        if (!IsShared)
        {
            throw new DomainRuleException(Id, Describe(whatFails, remark), ErrorKind.InvalidState) { Advice = advice };
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Message;

    /// <summary>The warning for memory that can still be changed; null where it can be shared.</summary>
    internal Advice? Warn(string whatFails) => IsShared ? null : new Advice(Id, Describe(whatFails, null));

    private string Describe(string? whatFails, string? remark) =>
        string.Concat(whatFails is null ? string.Empty : $"{whatFails}: ", Message, remark is null ? string.Empty : $" {remark}");
}
