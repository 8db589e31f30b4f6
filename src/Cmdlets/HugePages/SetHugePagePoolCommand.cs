using System.Management.Automation;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Host;

namespace VirtioFs.Cmdlets;

/// <summary>Sizes a pool of hugepages of the host.</summary>
[Cmdlet(VerbsCommon.Set, "HugePagePool", DefaultParameterSetName = SizeSet, SupportsShouldProcess = true)]
[OutputType(typeof(HugePagePool))]
public sealed class SetHugePagePoolCommand : HostCmdlet
{
    private const string SizeSet = "Size";
    private const string InputObjectSet = "InputObject";

    private long? _count;

    /// <summary>The page size, such as 2M.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = SizeSet)]
    [ArgumentCompleter(typeof(HugePageSizeCompleter))]
    public ByteSize Size
    {
        get;
        set => field = UnlessPiped(value, nameof(Size));
    }

    /// <summary>A pool from Get-HugePagePool, on the node that it is of.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    [ValidateNotNull]
    public HugePagePool? InputObject { get; set; }

    /// <summary>The pool's new size in pages; with -Add, how many more.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = SizeSet)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = InputObjectSet)]
    public long Count
    {
        get => _count ?? 0;
        set => _count = Once(_count, value);
    }

    /// <summary>Adds to the pool. Without it the count is absolute, as for virsh allocpages.</summary>
    [Parameter]
    public SwitchParameter Add { get; set; }

    /// <summary>The NUMA node; the whole host when left out.</summary>
    [Parameter(ParameterSetName = SizeSet)]
    public int? Node { get; set; }

    /// <summary>Takes memory that the host needs itself.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Emits the pool as it is now.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        ByteSize size = InputObject?.Size ?? Size;
        int? node = InputObject is null ? Node : InputObject.Node;
        Try(size, () => SetPool(size, node));
    }

    private void SetPool(ByteSize size, int? node)
    {
        HugePages host = new();
        (HugePagePool before, long requested) = host.Plan(size, Count, Add, node);
        string place = node is null ? "of this host" : $"of NUMA node {node}";
        string action = $"Size the pool of {size} pages {place}: {before.Total} -> {requested} pages ({before.Free} of them free now)";
        HostMemory memory = host.MeasureMemory(before, requested);
        if (memory is { Taken.Bytes: > 0, Available: ByteSize available, Left: ByteSize left })
        {
            action += $", which takes {memory.Taken} of the {available.Bytes >> 20}M that can be had, and leaves {left.Bytes >> 20}M";
        }

        if (!Confirms(size, action, "Size a pool of hugepages"))
        {
            return;
        }

        bool takesAll = Force;
        if (memory.IsShort && !Force && !MayTakeAll(size, memory, out takesAll))
        {
            return;
        }

        HugePageChange change = Await($"Sizing the pool of {size} pages", () => host.Set(size, Count, Add, node, takesAll, Cancellation));
        WriteWarnings(change.Warnings);
        if (PassThru)
        {
            WriteObject(change.After);
        }
    }

    // Asked for also with -Confirm:$false: a host without memory kills what runs on it. Where nobody can be asked, the library refuses.
    private bool MayTakeAll(ByteSize size, HostMemory memory, out bool takesAll)
    {
        bool canAsk = true;
        string question = $"The pool of {size} pages would leave {memory.Left!.Value.Bytes >> 20}M of the {memory.Reserve.Bytes >> 20}M that the host needs itself. Take the memory all the same?";
        takesAll = Insists(size, question, "Take memory that the host needs", () => canAsk = false);
        return takesAll || !canAsk;
    }
}
