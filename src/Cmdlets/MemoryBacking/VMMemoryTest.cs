using VirtioFs.LibvirtXml.Memory;

namespace VirtioFs.Cmdlets;

/// <summary>Whether a domain's memory can be shared with a device such as virtio-fs, in its definition and in the running guest.</summary>
public sealed class VMMemoryTest
{
    private const string RestartAdvice =
        "The definition shares the memory, but the guest runs with memory that is not shared. Stop it and start it again (Stop-VMDomain, Start-VMDomain).";

    internal VMMemoryTest(DomainTarget origin, DomainTarget examined)
    {
        SharedMemoryResult stored = examined.Definition.MemoryBacking.TestShared();
        SharedMemoryResult? running = examined.GetRunning()?.MemoryBacking.TestShared();
        SharedMemoryResult now = running ?? stored;
        Origin = origin;
        DomainName = examined.Definition.Name;
        Stored = stored.IsShared;
        Running = running?.IsShared;
        IsShared = now.IsShared;
        RestartRequired = Stored && Running == false;
        FailingCells = [.. RestartRequired ? stored.FailingCells : now.FailingCells];
        Message = RestartRequired ? RestartAdvice : CommandAdvice.MessageOf(stored.IsShared ? now : stored);
    }

    /// <summary>The domain's name.</summary>
    public string? DomainName { get; }

    /// <summary>Whether it can now: in the running guest, or else at its next start.</summary>
    public bool IsShared { get; }

    /// <summary>Whether the definition says so, which holds from the next start.</summary>
    public bool Stored { get; }

    /// <summary>Whether the running guest has such memory; null when no guest runs, or when that is not known.</summary>
    public bool? Running { get; }

    /// <summary>Whether a restart of the guest is all that is missing.</summary>
    public bool RestartRequired { get; }

    /// <summary>Why, and what to do if it cannot.</summary>
    public string Message { get; }

    /// <summary>The NUMA cells that stand in the way.</summary>
    public int[] FailingCells { get; }

    internal DomainTarget Origin { get; }
}
