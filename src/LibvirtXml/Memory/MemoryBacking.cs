
namespace VirtioFs.LibvirtXml.Memory;

/// <summary>What a domain says of its memory: <c>&lt;memoryBacking&gt;</c> and the NUMA cells in <c>&lt;cpu&gt;</c>.</summary>
public sealed record MemoryBacking
{
    /// <summary>What the memory is made of.</summary>
    public MemorySource Source { get; init; }

    /// <summary>Whether others may map the memory; null when the domain does not say.</summary>
    public MemoryAccess? Access { get; init; }

    /// <summary>Whether hugepages are asked for, with or without a size.</summary>
    public bool UsesHugePages { get; init; }

    /// <summary>The page sizes; empty for the host's default size, or without hugepages.</summary>
    public IReadOnlyList<HugePage> HugePages { get; init => field = value.ToArray(); } = [];

    /// <summary>When the memory is allocated; null for libvirt's default.</summary>
    public MemoryAllocation? Allocation { get; init; }

    /// <summary>How many threads allocate; null for libvirt's default. Since libvirt 8.2.</summary>
    public int? AllocationThreads { get; init; }

    /// <summary>Whether the memory's content is thrown away when the guest stops.</summary>
    public bool Discard { get; init; }

    /// <summary>Whether the memory is locked into RAM.</summary>
    public bool Locked { get; init; }

    /// <summary>Whether the host is kept from merging equal pages (KSM).</summary>
    public bool NoSharePages { get; init; }

    /// <summary>The guest's NUMA nodes; empty without a topology.</summary>
    public IReadOnlyList<NumaCell> NumaCells { get; init => field = value.ToArray(); } = [];

    /// <summary>Applies libvirt's own rule: whether a vhost-user device such as virtio-fs can work with this memory.</summary>
    /// <returns>The answer, and what to change when it is no.</returns>
    public SharedMemoryResult TestShared() => SharedMemoryRule.Test(this);

    /// <summary>What the domain says, in one line.</summary>
    /// <returns>A text such as <c>source=memfd, access=shared</c>; empty when it says nothing.</returns>
    public override string ToString() =>
        string.Join(", ", MemoryBackingXml.Settings(this).Where(setting => setting.Value is not null).Select(setting => $"{setting.Name}={setting.Value}"));

    /// <inheritdoc/>
    public bool Equals(MemoryBacking? other) =>
        other is not null && MemoryBackingXml.Settings(this).SequenceEqual(MemoryBackingXml.Settings(other));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Source, Access, UsesHugePages, Allocation, Discard, Locked);
}
