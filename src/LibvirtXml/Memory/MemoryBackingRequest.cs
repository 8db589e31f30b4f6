
namespace VirtioFs.LibvirtXml.Memory;

/// <summary>What to set of a domain's memory backing; a property that is null leaves things as they are.</summary>
public sealed record MemoryBackingRequest
{
    /// <summary>
    /// True makes the memory shared, as vhost-user devices need it: memfd (file on s390x without hugepages) unless <see cref="Source"/>
    /// or the domain says otherwise, and every private NUMA cell becomes shared. False makes it private.
    /// </summary>
    public bool? Shared { get; init; }

    /// <summary>What the memory is made of; <see cref="MemorySource.Default"/> removes the element.</summary>
    public MemorySource? Source { get; init; }

    /// <summary>The page sizes; an empty list asks for hugepages of the host's default size.</summary>
    public IReadOnlyList<HugePage>? HugePages { get; init; }

    /// <summary>Whether hugepages are removed.</summary>
    public bool RemoveHugePages { get; init; }

    /// <summary>When the memory is allocated.</summary>
    public MemoryAllocation? Allocation { get; init; }

    /// <summary>How many threads allocate, 1 or more; since libvirt 8.2.</summary>
    public int? AllocationThreads { get; init; }

    /// <summary>Whether the memory's content is thrown away when the guest stops.</summary>
    public bool? Discard { get; init; }

    /// <summary>Whether the memory is locked into RAM.</summary>
    public bool? Locked { get; init; }

    /// <summary>Whether the host is kept from merging equal pages.</summary>
    public bool? NoSharePages { get; init; }

    /// <summary>NUMA cells to add, or to put in the place of the cell with the same number.</summary>
    public IReadOnlyList<NumaCell>? NumaCells { get; init; }

    /// <summary>The directory that file backing uses, for the warning that names it; null when qemu.conf was not read.</summary>
    public string? MemoryBackingDirectory { get; init; }
}
