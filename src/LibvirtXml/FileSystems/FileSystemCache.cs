namespace VirtioFs.LibvirtXml.FileSystems;

/// <summary>What the daemon lets the guest cache: <c>&lt;cache mode=…/&gt;</c>. The schema knows these two alone.</summary>
public enum FileSystemCache
{
    /// <summary><c>none</c>: the guest caches nothing.</summary>
    None,

    /// <summary><c>always</c>: the guest caches everything, and never looks again.</summary>
    Always,
}
