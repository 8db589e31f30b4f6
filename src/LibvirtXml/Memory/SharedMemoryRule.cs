namespace VirtioFs.LibvirtXml.Memory;

/// <summary>
/// libvirt's rule for vhost-user devices (`qemuValidateDomainDefVhostUserRequireSharedMemory`): without NUMA cells the domain's
/// access is shared; with cells each is shared, or says nothing while the domain says shared.
/// </summary>
internal static class SharedMemoryRule
{
    public const string LibvirtsWords = "'virtiofs' requires shared memory";

    private const string CloudHypervisorsWords = "Using vhost-user requires using shared memory or huge pages";

    public static SharedMemoryResult Test(MemoryBacking memory)
    {
        bool domainIsShared = memory.Access == MemoryAccess.Shared;
        if (memory.NumaCells.Count == 0)
        {
            return domainIsShared
                ? new SharedMemoryResult(true, "The memory is shared: <memoryBacking> has <access mode='shared'/>.", [])
                : new SharedMemoryResult(false, $"{LibvirtsWords}: {WhatIsMissing(memory)}", []);
        }

        int[] privateCells = [.. memory.NumaCells.Where(cell => cell.MemAccess == MemoryAccess.Private).Select(cell => cell.Id)];
        if (privateCells.Length > 0)
        {
            return new SharedMemoryResult(
                false,
                $"{LibvirtsWords}: NUMA {Cells(privateCells)} memAccess='private', which overrules the domain's <access>. " +
                "Change it to memAccess='shared'.",
                privateCells);
        }

        int[] openCells = domainIsShared ? [] : [.. memory.NumaCells.Where(cell => cell.MemAccess is null).Select(cell => cell.Id)];
        return openCells.Length > 0
            ? new SharedMemoryResult(
                false,
                $"{LibvirtsWords}: NUMA {Cells(openCells)} no memAccess, and the domain {DomainSays(memory)}. Add <access mode='shared'/> " +
                "to <memoryBacking> or memAccess='shared' to each cell.",
                openCells)
            : new SharedMemoryResult(true, "The memory is shared: every NUMA cell is, by its own memAccess or by the domain's <access>.", []);
    }

    /// <summary>Cloud Hypervisor's rule (`ValidationError::VhostUserRequiresSharedMemory`), in its words: hugepages serve as well.</summary>
    public static SharedMemoryResult TestCloudHypervisor(bool isShared, bool usesHugePages) => isShared || usesHugePages
        ? new SharedMemoryResult(true, $"The memory {(isShared ? "is shared" : "consists of hugepages")}.", [])
        : new SharedMemoryResult(false, $"{CloudHypervisorsWords}: start the machine with --memory …,shared=on.", []);

    private static string WhatIsMissing(MemoryBacking memory) =>
        memory.Access == MemoryAccess.Private
            ? "<memoryBacking> has <access mode='private'/>. Change it to mode='shared'."
            : memory.UsesHugePages
                ? "hugepages alone are private. Add <access mode='shared'/> to <memoryBacking>."
                : "add <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking> to the domain.";

    private static string DomainSays(MemoryBacking memory) =>
        memory.Access == MemoryAccess.Private ? "says <access mode='private'/>" : "has no <access mode='shared'/>";

    private static string Cells(int[] cells) =>
        cells.Length == 1 ? $"cell {cells[0]} has" : $"cells {string.Join(", ", cells[..^1])} and {cells[^1]} have";
}
