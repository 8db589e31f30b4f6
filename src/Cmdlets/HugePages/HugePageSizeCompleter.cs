using System.Collections;
using VirtioFs.LibvirtXml.Host;

namespace VirtioFs.Cmdlets;

/// <summary>Completes the page sizes of this host.</summary>
public sealed class HugePageSizeCompleter : LiveValueCompleter
{
    /// <inheritdoc/>
    protected override IEnumerable<LiveValue> FindValues(IDictionary boundParameters)
    {
        try
        {
            return [.. new HugePages().GetPools().Where(pool => pool.Node is null).Select(pool => new LiveValue(pool.Size.ToString(), pool.ToString()))];
        }
        catch (HostMemoryException)
        {
            return [];
        }
    }
}
