namespace VirtioFs.LibvirtXml.Host;

/// <summary>A pool of hugepages of the host, as it was when it was read (kernel: `Documentation/admin-guide/mm/hugetlbpage`).</summary>
public sealed record HugePagePool
{
    /// <summary>The size of a page.</summary>
    public required ByteSize Size { get; init; }

    /// <summary>The NUMA node; null for the whole host.</summary>
    public int? Node { get; init; }

    /// <summary>How many pages the pool has, surplus pages included.</summary>
    public required long Total { get; init; }

    /// <summary>How many of them nobody uses.</summary>
    public required long Free { get; init; }

    /// <summary>How many of the free ones are promised to somebody; null for a node, where the kernel does not say.</summary>
    public long? Reserved { get; init; }

    /// <summary>How many pages are there beyond the pool's set size.</summary>
    public required long Surplus { get; init; }

    /// <summary>How many pages the kernel may add on demand; null for a node.</summary>
    public long? Overcommit { get; init; }

    /// <summary>How many pages a new guest can have: the free ones that are not promised.</summary>
    public long Available => Math.Max(0, Free - (Reserved ?? 0));

    /// <summary>The pool in one line.</summary>
    /// <returns>A text such as <c>2M: 64 pages, 60 available</c>.</returns>
    public override string ToString() => $"{Size}{(Node is null ? string.Empty : $" on node {Node}")}: {Total} pages, {Available} available";
}
