using System.Management.Automation;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Host;

namespace VirtioFs.Cmdlets;

/// <summary>Gets the host's pools of hugepages.</summary>
[Cmdlet(VerbsCommon.Get, "HugePagePool")]
[OutputType(typeof(HugePagePool))]
public sealed class GetHugePagePoolCommand : HostCmdlet
{
    /// <summary>Page sizes such as 2M; all when left out.</summary>
    [Parameter(Position = 0)]
    [ArgumentCompleter(typeof(HugePageSizeCompleter))]
    public ByteSize[]? Size { get; set; }

    /// <summary>NUMA nodes; the whole host when left out.</summary>
    [Parameter]
    [ValidateNotNull]
    public int[]? Node { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Try(null, () =>
    {
        HugePages host = new();
        ByteSize[] sizes = Size ?? [.. host.GetPools().Select(pool => pool.Size).Distinct()];
        foreach (ByteSize size in sizes)
        {
            foreach (int? node in Node?.Select(number => (int?)number) ?? [null])
            {
                Try(size, () => WriteObject(host.GetPool(size, node)));
            }
        }
    });
}
