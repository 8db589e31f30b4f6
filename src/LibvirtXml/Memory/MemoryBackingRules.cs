
namespace VirtioFs.LibvirtXml.Memory;

/// <summary>What a request makes of a domain's memory backing, and what libvirt refuses of it.</summary>
internal static class MemoryBackingRules
{
    /// <summary>libvirt's default of <c>memory_backing_dir</c> in qemu.conf.</summary>
    private const string DefaultMemoryBackingDirectory = "/var/lib/libvirt/qemu/ram";

    public static MemoryBacking Apply(Domain domain, MemoryBacking before, MemoryBackingRequest request, List<Advice> warnings)
    {
        RequireConsistent(request);
        MemoryBacking after = before with
        {
            UsesHugePages = !request.RemoveHugePages && (request.HugePages is not null || before.UsesHugePages),
            HugePages = request.RemoveHugePages ? [] : request.HugePages ?? before.HugePages,
            Allocation = request.Allocation ?? before.Allocation,
            AllocationThreads = request.AllocationThreads ?? before.AllocationThreads,
            Discard = request.Discard ?? before.Discard,
            Locked = request.Locked ?? before.Locked,
            NoSharePages = request.NoSharePages ?? before.NoSharePages,
            Access = AccessOf(before, request),
            NumaCells = CellsOf(before, request),
        };
        after = after with { Source = SourceOf(domain, before, after, request, warnings) };

        RequireLegalHugePages(after);
        RequireLegalCells(domain, after, request.NumaCells is not null);
        Warn(before, after, request, warnings);
        return after;
    }

    private static MemoryAccess? AccessOf(MemoryBacking before, MemoryBackingRequest request) => request.Shared switch
    {
        true => MemoryAccess.Shared,
        false => MemoryAccess.Private,
        null => before.Access,
    };

    private static MemorySource SourceOf(
        Domain domain,
        MemoryBacking before,
        MemoryBacking after,
        MemoryBackingRequest request,
        List<Advice> warnings)
    {
        if (request.Source is MemorySource wanted)
        {
            return wanted;
        }

        if (request.Shared != true || before.Source is MemorySource.Memfd or MemorySource.File)
        {
            return before.Source;
        }

        if (before.Source == MemorySource.Anonymous)
        {
            warnings.Add(new Advice(
                "AnonymousReplaced",
                "The memory source 'anonymous' cannot be shared and was replaced."));
        }

        if (!domain.IsS390)
        {
            return MemorySource.Memfd;
        }

        return after.UsesHugePages ? MemorySource.Default : MemorySource.File;
    }

    private static NumaCell[] CellsOf(MemoryBacking before, MemoryBackingRequest request)
    {
        Dictionary<int, NumaCell> cells = [];
        foreach (NumaCell cell in before.NumaCells)
        {
            bool mustChange = request.Shared == true && cell.MemAccess == MemoryAccess.Private;
            cells[cell.Id] = mustChange ? cell with { MemAccess = MemoryAccess.Shared } : cell;
        }

        foreach (NumaCell cell in request.NumaCells ?? [])
        {
            cells[cell.Id] = cell;
        }

        return [.. cells.Values.OrderBy(cell => cell.Id)];
    }

    private static void RequireConsistent(MemoryBackingRequest request)
    {
        if (request.RemoveHugePages && request.HugePages is not null)
        {
            throw new DomainRuleException("ConflictingHugePages", "Hugepages are asked for and removed in one call. Leave one of the two out.");
        }

        if (request.AllocationThreads is < 1)
        {
            throw new DomainRuleException(
                "InvalidAllocationThreads",
                $"The number of allocation threads is {request.AllocationThreads}, but it must be 1 or more.");
        }

        int[] doubled = [.. (request.NumaCells ?? []).GroupBy(cell => cell.Id).Where(group => group.Count() > 1).Select(group => group.Key)];
        if (doubled.Length > 0)
        {
            throw new DomainRuleException("DuplicateNumaCell", $"NUMA cell {doubled[0]} is given twice. Give each cell a number of its own.");
        }

        bool isPrivateCell = request.Shared == true && (request.NumaCells ?? []).Any(cell => cell.MemAccess == MemoryAccess.Private);
        if (isPrivateCell)
        {
            throw new DomainRuleException(
                "PrivateNumaCell",
                "The memory is to be shared, but a NUMA cell is given with memAccess private, which overrules that. Leave memAccess out or make it " +
                "shared.");
        }
    }

    private static void RequireLegalHugePages(MemoryBacking after)
    {
        if (!after.UsesHugePages)
        {
            return;
        }

        if (after.Source == MemorySource.Anonymous)
        {
            throw new DomainRuleException(
                "HugePagesAnonymous",
                "hugepages are not allowed with anonymous memory source: choose the source memfd or file, or remove the hugepages.");
        }

        if (after.Allocation == MemoryAllocation.OnDemand)
        {
            throw new DomainRuleException(
                "HugePagesOnDemand",
                "hugepages are not allowed with memory allocation ondemand: choose the allocation immediate, or remove the hugepages.");
        }

        foreach (HugePage page in after.HugePages)
        {
            RequireLegalPage(page, after);
        }

        if (after.HugePages.Count(page => page.NodeSet is null) > 1)
        {
            throw new DomainRuleException(
                "AmbiguousHugePages",
                "two master hugepages detected: two sizes have no node set, so libvirt could not tell which to use. Give all sizes but one a node set, such as 0-3.");
        }

        SortedSet<int> taken = [];
        foreach (int node in after.HugePages.Where(page => page.NodeSet is not null).SelectMany(page => NumberSet.Parse(page.NodeSet!, "node set")))
        {
            if (!taken.Add(node))
            {
                throw new DomainRuleException(
                    "OverlappingNodeSets",
                    $"Two hugepage sizes name NUMA node {node}. Name each node in one node set only.");
            }
        }
    }

    private static void RequireLegalPage(HugePage page, MemoryBacking after)
    {
        if (page.Size.Bytes < 4096 || !long.IsPow2(page.Size.Bytes))
        {
            throw new DomainRuleException(
                "InvalidPageSize",
                $"{page.Size} is not a page size: it must be a power of 2 of at least 4K.");
        }

        if (page.NodeSet is null)
        {
            return;
        }

        int cells = Math.Max(after.NumaCells.Count, 1);
        int missing = NumberSet.Parse(page.NodeSet, "node set").FirstOrDefault(node => node >= cells, -1);
        if (missing >= 0)
        {
            throw new DomainRuleException(
                "HugePageNodeNotFound",
                $"hugepages: node {missing} not found: the guest has {(after.NumaCells.Count == 0 ? "no NUMA cells" : $"{cells} NUMA cells")}. Name nodes " +
                $"from 0 to {cells - 1}, or add cells.");
        }
    }

    private static void RequireLegalCells(Domain domain, MemoryBacking after, bool areGiven)
    {
        if (!areGiven)
        {
            return;
        }

        Dictionary<int, int> owners = [];
        foreach (NumaCell cell in after.NumaCells)
        {
            RequireLegalCell(cell, after.NumaCells.Count);
            foreach (int cpu in cell.Cpus is null ? [] : NumberSet.Parse(cell.Cpus, "set of CPUs"))
            {
                if (!owners.TryAdd(cpu, cell.Id))
                {
                    throw new DomainRuleException(
                        "OverlappingNumaCells",
                        $"NUMA cells {owners[cpu]} and {cell.Id} have overlapping vCPU ids: both name CPU {cpu}. Name each CPU in one cell only.");
                }
            }
        }

        if (owners.Count > 0 && owners.Keys.Max() >= domain.VirtualCpus)
        {
            throw new DomainRuleException(
                "TooManyNumaCpus",
                $"Number of CPUs in <numa> exceeds the <vcpu> count: a cell names CPU {owners.Keys.Max()}, but the domain has " +
                $"{domain.VirtualCpus}. Name CPUs from 0 to {domain.VirtualCpus - 1}.");
        }
    }

    private static void RequireLegalCell(NumaCell cell, int count)
    {
        if (cell.Id >= count)
        {
            throw new DomainRuleException(
                "NumaCellGap",
                $"non-contiguous ranges or ranges not starting from 0 are not allowed: NUMA cell {cell.Id} leaves a gap. Number the cells 0 to {count - 1}.");
        }

        if (cell.Memory.Bytes == 0)
        {
            throw new DomainRuleException("EmptyNumaCell", $"NUMA cell {cell.Id} has no memory. Give it a size, such as 2G.");
        }
    }

    private static void Warn(MemoryBacking before, MemoryBacking after, MemoryBackingRequest request, List<Advice> warnings)
    {
        int[] changed = [.. before.NumaCells
            .Where(cell => cell.MemAccess == MemoryAccess.Private && after.NumaCells.Any(now => now.Id == cell.Id && now.MemAccess == MemoryAccess.Shared))
            .Select(cell => cell.Id)];
        if (changed.Length > 0 && request.NumaCells is null)
        {
            warnings.Add(new Advice(
                "NumaCellsShared",
                $"NUMA cell {string.Join(", ", changed)} had memAccess='private', which overrules the domain's access, and is shared now."));
        }

        WarnOfFile(after, request, warnings);
        SharedMemoryResult result = after.TestShared();
        if (request.Shared == true && !result.IsShared)
        {
            warnings.Add(new Advice("StillNotShared", result.Message));
        }
    }

    private static void WarnOfFile(MemoryBacking after, MemoryBackingRequest request, List<Advice> warnings)
    {
        bool isFile = after.Source == MemorySource.File
            || (after.Source != MemorySource.Memfd && (after.Access == MemoryAccess.Shared || after.NumaCells.Any(cell => cell.MemAccess == MemoryAccess.Shared)));
        if (!isFile)
        {
            return;
        }

        string why = after.Source switch
        {
            MemorySource.File => "The source 'file'",
            MemorySource.Anonymous => "Anonymous memory cannot be shared, so libvirt",
            _ => "Shared memory without a source",
        };
        if (after.UsesHugePages)
        {
            warnings.Add(new Advice(
                "HugetlbfsFile",
                $"{why} with hugepages puts the guest's memory in a file under the hugetlbfs mount (hugetlbfs_mount in qemu.conf). Make sure that one " +
                "is mounted for this page size, or choose the source memfd, which needs none."));
            return;
        }

        string place = request.MemoryBackingDirectory is string directory
            ? $"memory_backing_dir, which qemu.conf sets to {directory}"
            : $"memory_backing_dir of qemu.conf ({DefaultMemoryBackingDirectory} unless set)";
        warnings.Add(new Advice(
            "FileBackedMemory",
            $"{why} puts the guest's whole memory in a file under {place}. Make sure that it has room and is fast, such as /dev/shm, or choose the " +
            "source memfd."));
    }
}
