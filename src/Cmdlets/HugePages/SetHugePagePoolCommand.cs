using System.Management.Automation;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Sizes a pool of hugepages of the host.</summary>
[Cmdlet(VerbsCommon.Set, "HugePagePool", SupportsShouldProcess = true)]
[OutputType(typeof(HugePagePool))]
public sealed class SetHugePagePoolCommand : HostCmdlet
{
    /// <summary>The page size, such as 2M.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(HugePageSizeCompleter))]
    public ByteSize Size { get; set; }

    /// <summary>The pool's new size in pages; with -Add, how many more.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    public long Count { get; set; }

    /// <summary>Adds to the pool. Without it the count is absolute, as for virsh allocpages.</summary>
    [Parameter]
    public SwitchParameter Add { get; set; }

    /// <summary>The NUMA node; the whole host when left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public int? Node { get; set; }

    /// <summary>Takes memory that the host needs itself.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Emits the pool as it is now.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Try(Size, () =>
    {
        HugePages host = new();
        (HugePagePool before, long requested) = host.Plan(Size, Count, Add, Node);
        string place = Node is null ? "of this host" : $"of NUMA node {Node}";
        string action = $"Size the pool of {Size} pages {place}: {before.Total} -> {requested} pages ({before.Free} of them free now)";
        HostMemory memory = host.MeasureMemory(before, requested);
        if (memory is { Taken.Bytes: > 0, Available: ByteSize available, Left: ByteSize left })
        {
            action += $", which takes {memory.Taken} of the {available.Bytes >> 20}M that can be had, and leaves {left.Bytes >> 20}M";
        }

        if (!ShouldProcess($"{action}.", $"{action}?", "Size a pool of hugepages"))
        {
            return;
        }

        HugePageChange change = host.Set(Size, Count, Add, Node, Force, Cancellation);
        foreach (Advice warning in change.Warnings)
        {
            WriteWarning(warning.Message);
        }

        if (PassThru)
        {
            WriteObject(change.After);
        }
    });
}
