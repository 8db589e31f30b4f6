using VirtioFs.LibvirtXml.Memory;

namespace VirtioFs.Cmdlets;

/// <summary>How a domain's memory is backed, as it was when it was read.</summary>
public sealed class VMMemoryBacking
{
    internal VMMemoryBacking(DomainTarget origin)
    {
        VMDomain domain = origin.ToObject();
        MemoryBacking memory = domain.MemoryBacking;
        SharedMemoryResult shared = memory.TestShared();
        Origin = origin;
        Domain = domain;
        IsShared = shared.IsShared;
        Reason = CommandAdvice.MessageOf(shared);
        Source = memory.Source;
        Access = memory.Access;
        HugePages = [.. memory.HugePages];
        UsesHugePages = memory.UsesHugePages;
        Allocation = memory.Allocation;
        AllocationThreads = memory.AllocationThreads;
        Discard = memory.Discard;
        Locked = memory.Locked;
        NoSharePages = memory.NoSharePages;
        NumaCells = [.. memory.NumaCells];
    }

    /// <summary>The domain's name.</summary>
    public string? DomainName => Domain.Name;

    /// <summary>Whether the memory can be shared with a device such as virtio-fs, by libvirt's rule.</summary>
    public bool IsShared { get; }

    /// <summary>Why, and what to change if it cannot.</summary>
    public string Reason { get; }

    /// <summary>What the memory is made of.</summary>
    public MemorySource Source { get; }

    /// <summary>Whether others may map the memory; null when the domain does not say.</summary>
    public MemoryAccess? Access { get; }

    /// <summary>Whether hugepages are asked for.</summary>
    public bool UsesHugePages { get; }

    /// <summary>The page sizes; none where hugepages of the host's default size are asked for.</summary>
    public HugePage[] HugePages { get; }

    /// <summary>When the memory is allocated.</summary>
    public MemoryAllocation? Allocation { get; }

    /// <summary>How many threads allocate.</summary>
    public int? AllocationThreads { get; }

    /// <summary>Whether the memory's content is thrown away when the guest stops.</summary>
    public bool Discard { get; }

    /// <summary>Whether the memory is locked into RAM.</summary>
    public bool Locked { get; }

    /// <summary>Whether the host is kept from merging equal pages.</summary>
    public bool NoSharePages { get; }

    /// <summary>The guest's NUMA nodes.</summary>
    public NumaCell[] NumaCells { get; }

    /// <summary>The domain.</summary>
    public VMDomain Domain { get; }

    internal DomainTarget Origin { get; }
}
