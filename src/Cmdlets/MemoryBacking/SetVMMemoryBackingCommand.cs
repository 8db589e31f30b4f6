using System.Collections;
using System.Globalization;
using System.Management.Automation;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Host;
using VirtioFs.LibvirtXml.Memory;

namespace VirtioFs.Cmdlets;

/// <summary>Sets how domains' memory is backed, so that virtio-fs can share it.</summary>
[Cmdlet(VerbsCommon.Set, "VMMemoryBacking", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(VMDomain))]
public sealed class SetVMMemoryBackingCommand : EditingCmdlet
{
    private const string DefaultSize = "default";
    private const string NoHugepages = "none";

    /// <summary>Makes the memory shared: memfd unless -Source or the domain says otherwise, a file on s390x. -Shared:$false makes it private.</summary>
    [Parameter]
    public SwitchParameter Shared { get; set; }

    /// <summary>What the memory is made of. Default leaves it to libvirt.</summary>
    [Parameter]
    public MemorySource Source { get; set; }

    /// <summary>Sizes of hugepages such as 2M and 1G; default for the host's size, none to take them away.</summary>
    [Parameter]
    [Alias("HugePage")]
    [ArgumentCompleter(typeof(HugePageSizeCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] HugePages { get; set; } = [];

    /// <summary>The guest's NUMA nodes that each size is for, such as 0-3,5; as many as there are sizes.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] NodeSet { get; set; } = [];

    /// <summary>NUMA cells, each a text such as 'id=0,cpus=0-7,memory=2G,memAccess=shared' or a hashtable with these keys.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object[] NumaCell { get; set; } = [];

    /// <summary>When the memory is allocated.</summary>
    [Parameter]
    public MemoryAllocation Allocation { get; set; }

    /// <summary>How many threads allocate.</summary>
    [Parameter]
    public int AllocationThreads { get; set; }

    /// <summary>Throws the memory's content away when the guest stops.</summary>
    [Parameter]
    public SwitchParameter Discard { get; set; }

    /// <summary>Locks the memory into RAM.</summary>
    [Parameter]
    public SwitchParameter Locked { get; set; }

    /// <summary>Keeps the host from merging equal pages.</summary>
    [Parameter]
    public SwitchParameter NoSharePages { get; set; }

    private protected override void Process(DomainTarget target) =>
        Edit(target, "Set the memory backing of", domain => domain.SetMemoryBacking(MakeRequest()));

    private MemoryBackingRequest MakeRequest() => new()
    {
        Shared = Tristate(Shared, nameof(Shared)),
        Source = IsGiven(nameof(Source)) ? Source : null,
        HugePages = Pages(),
        RemoveHugePages = IsKeyword(NoHugepages),
        Allocation = IsGiven(nameof(Allocation)) ? Allocation : null,
        AllocationThreads = IsGiven(nameof(AllocationThreads)) ? AllocationThreads : null,
        Discard = Tristate(Discard, nameof(Discard)),
        Locked = Tristate(Locked, nameof(Locked)),
        NoSharePages = Tristate(NoSharePages, nameof(NoSharePages)),
        NumaCells = NumaCell.Length == 0 ? null : [.. NumaCell.Select(ReadCell)],
        MemoryBackingDirectory = ReadMemoryBackingDirectory(),
    };

    private bool IsKeyword(string word) => HugePages is [string only] && only.Equals(word, StringComparison.OrdinalIgnoreCase);

    private HugePage[]? Pages()
    {
        if (NodeSet.Length > 0 && NodeSet.Length != HugePages.Length)
        {
            throw new DomainRuleException(
                "NodeSetCount",
                $"-HugePages has {HugePages.Length} sizes and -NodeSet has {NodeSet.Length} sets. Give one set for each size; quote a set that has a comma, such as '0-3,5'.");
        }

        return HugePages switch
        {
            [] => null,
            _ when IsKeyword(NoHugepages) => null,
            _ when IsKeyword(DefaultSize) => [],
            _ => [.. HugePages.Select((size, index) => new HugePage(ByteSize.Parse(size), NodeSet.Length > 0 ? NodeSet[index] : null))],
        };
    }

    private static NumaCell ReadCell(object given, int index)
    {
        object value = given is PSObject wrapped ? wrapped.BaseObject : given;
        string text = value is IDictionary table
            ? string.Join(',', table.Cast<DictionaryEntry>().Select(entry => $"{entry.Key}={Convert.ToString(entry.Value, CultureInfo.InvariantCulture)}"))
            : Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty;
        return LibvirtXml.Memory.NumaCell.Parse(text, index);
    }

    /// <summary>Only for the words of a warning, so a file that cannot be read does not matter.</summary>
    private static string? ReadMemoryBackingDirectory()
    {
        try
        {
            return QemuConfiguration.Load().MemoryBackingDirectory;
        }
        catch (HostMemoryException)
        {
            return null;
        }
    }
}
