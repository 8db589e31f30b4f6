namespace VirtioFs.LibvirtXml.Memory;

/// <summary>What guest memory is made of: <c>&lt;source type=…/&gt;</c> in <c>&lt;memoryBacking&gt;</c>.</summary>
public enum MemorySource
{
    /// <summary>No <c>&lt;source&gt;</c> element: anonymous memory, or a file when it is shared (libvirt's <c>memory_backing_dir</c>).</summary>
    Default,

    /// <summary><c>memfd</c>: memory without a place in any file system; needs no setup of the host.</summary>
    Memfd,

    /// <summary><c>file</c>: a file under <c>memory_backing_dir</c>, or under the hugetlbfs mount with hugepages.</summary>
    File,

    /// <summary><c>anonymous</c>: plain memory; cannot be shared, and libvirt takes a file when it has to be.</summary>
    Anonymous,
}
