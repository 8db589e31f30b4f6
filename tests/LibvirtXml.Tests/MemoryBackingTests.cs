using VirtioFs.LibvirtXml.Memory;

namespace VirtioFs.LibvirtXml.Tests;

public sealed class MemoryBackingTests
{
    [Theory]
    [InlineData("", "", false, "add <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>")]
    [InlineData("<access mode='shared'/>", "", true, "is shared")]
    [InlineData("<access mode='private'/>", "", false, "mode='private'")]
    [InlineData("<hugepages/>", "", false, "hugepages alone are private")]
    [InlineData("<source type='memfd'/>", "", false, "<access mode='shared'/>")]
    [InlineData("<access mode='shared'/>", "<cell memory='1' memAccess='private'/>", false, "cell 0 has memAccess='private'")]
    [InlineData("<access mode='shared'/>", "<cell memory='1'/><cell memory='1' memAccess='shared'/>", true, "every NUMA cell")]
    [InlineData("", "<cell memory='1' memAccess='shared'/>", true, "every NUMA cell")]
    [InlineData("<access mode='private'/>", "<cell memory='1' memAccess='shared'/>", true, "every NUMA cell")]
    [InlineData("", "<cell memory='1' memAccess='shared'/><cell memory='1'/>", false, "cell 1 has no memAccess")]
    [InlineData("<access mode='private'/>", "<cell memory='1'/><cell memory='1'/>", false, "cells 0 and 1 have no memAccess, and the domain says <access mode='private'/>")]
    public void The_rule_is_libvirts_and_the_answer_says_what_to_change(string backing, string cells, bool isShared, string part)
    {
        string cpu = cells.Length == 0 ? string.Empty : $"<cpu><numa>{cells}</numa></cpu>";
        Domain domain = Domain.Parse($"<domain><name>a</name><memoryBacking>{backing}</memoryBacking>{cpu}</domain>");

        SharedMemoryResult result = domain.MemoryBacking.TestShared();

        Assert.Equal(isShared, result.IsShared);
        Assert.Contains(part, result.Message, StringComparison.Ordinal);
        Assert.Equal(!isShared, result.Message.StartsWith("'virtiofs' requires shared memory", StringComparison.Ordinal));
        domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true });
        Assert.True(domain.MemoryBacking.TestShared().IsShared);
    }

    [Fact]
    public void A_backing_shows_what_the_domain_says()
    {
        Domain domain = Domain.Parse("<domain><name>a</name><memory unit='GiB'>1</memory></domain>");
        Assert.Equal(string.Empty, domain.MemoryBacking.ToString());
        domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true, HugePages = [new HugePage(ByteSize.Parse("2M"))] });
        Assert.Equal("source=memfd, access=shared, hugepages=2M", domain.MemoryBacking.ToString());
    }

    [Fact]
    public void Sharing_what_is_shared_already_changes_nothing()
    {
        string xml = "<domain><name>a</name><memoryBacking><access mode='shared'/><source type='file'/></memoryBacking></domain>";
        Domain domain = Domain.Parse(xml);

        ChangeResult result = domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true });

        Assert.Empty(result.Changes);
        Assert.Equal(xml, domain.Xml);
        Assert.Contains("memory_backing_dir", Assert.Single(result.Warnings).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_change_is_reported_before_and_after()
    {
        Domain domain = Domain.Parse("<domain><name>a</name><memoryBacking><access mode='private'/></memoryBacking></domain>");

        ChangeResult result = domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true, HugePages = [new HugePage(ByteSize.Parse("2M"))] });

        Assert.Equal(
            ["source: (none) -> memfd", "access: private -> shared", "hugepages: (none) -> 2M"],
            result.Changes.Select(change => change.ToString()));
        Assert.Empty(result.Warnings);
    }

    [Fact]
    public void Every_setting_can_be_set_and_taken_back()
    {
        Domain domain = Domain.Parse("<domain>\n  <name>a</name>\n  <vcpu>8</vcpu>\n</domain>");
        string original = domain.Xml;

        domain.SetMemoryBacking(new MemoryBackingRequest
        {
            Shared = true,
            HugePages = [new HugePage(ByteSize.Parse("1G"), "0"), new HugePage(ByteSize.Parse("2M"))],
            Allocation = MemoryAllocation.Immediate,
            AllocationThreads = 4,
            Discard = true,
            Locked = true,
            NoSharePages = true,
        });
        Assert.Equal(
            """
            <domain>
              <name>a</name>
              <memoryBacking>
                <hugepages>
                  <page size='1' unit='G' nodeset='0'/>
                  <page size='2' unit='M'/>
                </hugepages>
                <nosharepages/>
                <locked/>
                <source type='memfd'/>
                <access mode='shared'/>
                <allocation mode='immediate' threads='4'/>
                <discard/>
              </memoryBacking>
              <vcpu>8</vcpu>
            </domain>
            """,
            domain.Xml);

        domain.SetMemoryBacking(new MemoryBackingRequest { RemoveHugePages = true, Discard = false, Locked = false, NoSharePages = false, Source = MemorySource.Default });
        Assert.DoesNotContain("hugepages", domain.Xml, StringComparison.Ordinal);
        Assert.Contains("<access mode='shared'/>", domain.Xml, StringComparison.Ordinal);
        Assert.NotEqual(original, domain.Xml);
    }

    [Fact]
    public void A_cell_with_the_same_number_is_replaced_and_its_distances_stay()
    {
        Domain domain = Domain.Parse(SampleDomains.Handwritten["with hugepages and NUMA"]);

        domain.SetMemoryBacking(new MemoryBackingRequest { NumaCells = [NumaCell.Parse("id=1,cpus=4-7,memory=3G,memAccess=shared", 0)] });

        Assert.Contains("<cell id='1' cpus='4-7' memory='3' unit='GiB' memAccess='shared'>", domain.Xml, StringComparison.Ordinal);
        Assert.Contains("<sibling id='0' value='21'/>", domain.Xml, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file", "<domain><name>a</name></domain>", "FileBackedMemory")]
    [InlineData("default", "<domain><name>a</name></domain>", "FileBackedMemory")]
    [InlineData("anonymous", "<domain><name>a</name></domain>", "FileBackedMemory")]
    [InlineData("memfd", "<domain><name>a</name></domain>", null)]
    [InlineData("file", "<domain><name>a</name><memoryBacking><hugepages/></memoryBacking></domain>", "HugetlbfsFile")]
    public void File_backing_is_warned_about_with_the_setting_that_decides_the_place(string source, string xml, string? warning)
    {
        ChangeResult result = Domain.Parse(xml).SetMemoryBacking(
            new MemoryBackingRequest { Shared = true, Source = Enum.Parse<MemorySource>(source, ignoreCase: true) });

        Assert.Equal(warning, result.Warnings.SingleOrDefault()?.Id);
        Assert.All(result.Warnings, advice => Assert.Contains(warning == "HugetlbfsFile" ? "hugetlbfs_mount" : "memory_backing_dir", advice.Message, StringComparison.Ordinal));
    }

    public static TheoryData<string, string> Refused => new()
    {
        { "HugePagesAnonymous", "hugepages are not allowed with anonymous memory source" },
        { "HugePagesOnDemand", "hugepages are not allowed with memory allocation ondemand" },
        { "InvalidPageSize", "not a page size" },
        { "HugePageNodeNotFound", "hugepages: node 3 not found" },
        { "AmbiguousHugePages", "two master hugepages detected" },
        { "OverlappingNodeSets", "NUMA node 0" },
        { "OverlappingNumaCells", "overlapping vCPU ids" },
        { "TooManyNumaCpus", "exceeds the <vcpu> count" },
        { "NumaCellGap", "gap" },
        { "DuplicateNumaCell", "twice" },
        { "PrivateNumaCell", "private" },
        { "InvalidAllocationThreads", "1 or more" },
        { "InvalidSet", "not a set of numbers" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_libvirt_would_refuse_is_refused_first_and_nothing_is_changed(string errorId, string words)
    {
        ByteSize small = ByteSize.Parse("2M");
        MemoryBackingRequest request = errorId switch
        {
            "HugePagesAnonymous" => new() { HugePages = [], Source = MemorySource.Anonymous },
            "HugePagesOnDemand" => new() { HugePages = [], Allocation = MemoryAllocation.OnDemand },
            "InvalidPageSize" => new() { HugePages = [new(ByteSize.Parse("3M"))] },
            "HugePageNodeNotFound" => new() { HugePages = [new(small, "3")] },
            "AmbiguousHugePages" => new() { HugePages = [new(small), new(ByteSize.Parse("1G"))] },
            "OverlappingNodeSets" => new() { HugePages = [new(small, "0"), new(ByteSize.Parse("1G"), "0")] },
            "OverlappingNumaCells" => new() { NumaCells = [NumaCell.Parse("id=0,cpus=0-1,memory=1G", 0), NumaCell.Parse("id=1,cpus=1,memory=1G", 1)] },
            "TooManyNumaCpus" => new() { NumaCells = [NumaCell.Parse("cpus=0-7,memory=1G", 0)] },
            "NumaCellGap" => new() { NumaCells = [NumaCell.Parse("id=4,cpus=0,memory=1G", 0)] },
            "DuplicateNumaCell" => new() { NumaCells = [NumaCell.Parse("id=0,memory=1G", 0), NumaCell.Parse("id=0,memory=1G", 0)] },
            "PrivateNumaCell" => new() { Shared = true, NumaCells = [NumaCell.Parse("memory=1G,memAccess=private", 0)] },
            "InvalidAllocationThreads" => new() { AllocationThreads = 0 },
            "InvalidSet" => new() { NumaCells = [NumaCell.Parse("cpus=0-x,memory=1G", 0)] },
            _ => throw new ArgumentOutOfRangeException(nameof(errorId)),
        };
        Domain domain = Domain.Parse("<domain>\n  <name>a</name>\n  <vcpu>2</vcpu>\n</domain>");

        DomainRuleException exception = Assert.Throws<DomainRuleException>(() => domain.SetMemoryBacking(request));

        Assert.Equal(errorId, exception.ErrorId);
        Assert.Contains(words, exception.Message, StringComparison.Ordinal);
        Assert.False(domain.IsChanged);
    }
}
