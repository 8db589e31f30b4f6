namespace VirtioFs.LibvirtXml.Memory;

/// <summary>A page size for guest memory: <c>&lt;page size=… unit=… nodeset=…/&gt;</c>.</summary>
/// <param name="Size">The size of a page.</param>
/// <param name="NodeSet">The guest's NUMA nodes that use it, such as <c>0-3,5</c>; null for all others.</param>
public sealed record HugePage(ByteSize Size, string? NodeSet = null)
{
    /// <inheritdoc/>
    public override string ToString() => NodeSet is null ? Size.ToString() : $"{Size} on nodes {NodeSet}";
}
