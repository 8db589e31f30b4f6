namespace VirtioFs.LibvirtXml.Memory;

/// <summary>Whether others may map guest memory: <c>&lt;access mode=…/&gt;</c> and a NUMA cell's <c>memAccess</c>.</summary>
public enum MemoryAccess
{
    /// <summary><c>shared</c>: what every vhost-user device needs.</summary>
    Shared,

    /// <summary><c>private</c>.</summary>
    Private,
}
