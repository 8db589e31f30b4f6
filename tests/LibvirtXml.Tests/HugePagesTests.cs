using VirtioFs.LibvirtXml.Host;

namespace VirtioFs.LibvirtXml.Tests;

public sealed class HugePagesTests
{
    private static readonly ByteSize Small = ByteSize.Parse("2M");

    private static HugePages FakeHost(TemporaryFolder folder)
    {
        foreach ((string size, int total, int free) in new[] { ("2048kB", 64, 40), ("1048576kB", 0, 0) })
        {
            string pool = $"kernel/mm/hugepages/hugepages-{size}/";
            folder.Write(pool + "nr_hugepages", $"{total}\n");
            folder.Write(pool + "free_hugepages", $"{free}\n");
            folder.Write(pool + "resv_hugepages", total == 0 ? "0\n" : "8\n");
            folder.Write(pool + "surplus_hugepages", "0\n");
            folder.Write(pool + "nr_overcommit_hugepages", "0\n");
            foreach (int node in new[] { 0, 1 })
            {
                string nodePool = $"devices/system/node/node{node}/hugepages/hugepages-{size}/";
                folder.Write(nodePool + "nr_hugepages", $"{total / 2}\n");
                folder.Write(nodePool + "free_hugepages", $"{free / 2}\n");
                folder.Write(nodePool + "surplus_hugepages", "0\n");
            }
        }

        return new HugePages(folder.Path);
    }

    [Fact]
    public void Pools_are_listed_a_size_and_a_node_smallest_pages_first()
    {
        using TemporaryFolder folder = new();

        IReadOnlyList<HugePagePool> pools = FakeHost(folder).GetPools();

        Assert.Equal(["2M", "2M on node 0", "2M on node 1", "1G", "1G on node 0", "1G on node 1"], pools.Select(pool => pool.ToString().Split(':')[0]));
        HugePagePool host = pools[0];
        Assert.Equal((64, 40, 8, 0, 32), (host.Total, host.Free, host.Reserved, host.Surplus, host.Available));
        Assert.Equal((0, 32L, null), (pools[1].Node, pools[1].Total, pools[1].Reserved));
    }

    [Fact]
    public void A_count_is_absolute_unless_it_is_added_and_may_be_for_one_node()
    {
        using TemporaryFolder folder = new();
        HugePages host = FakeHost(folder);

        Assert.Equal(128, host.Set(Small, 128).After.Total);
        HugePageChange added = host.Set(Small, 16, add: true);
        Assert.Equal((128, 144, 144), (added.Before.Total, added.After.Total, added.Requested));
        Assert.True(added.IsComplete);
        Assert.Equal(100, host.Set(Small, 100, node: 1).After.Total);
        Assert.Equal("144", File.ReadAllText(Path.Combine(folder.Path, "kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")));
        Assert.Equal(0, host.Set(Small, 0).After.Total);
    }

    [Fact]
    public void A_plan_changes_nothing()
    {
        using TemporaryFolder folder = new();
        HugePages host = FakeHost(folder);

        (HugePagePool before, long requested) = host.Plan(Small, 6, add: true);

        Assert.Equal((64, 70), (before.Total, requested));
        Assert.Equal(64, host.GetPool(Small).Total);
    }

    [Theory]
    [InlineData("4M", 1, null, "HugePagePoolNotFound", "2M, 1G")]
    [InlineData("2M", 1, 7, "HugePagePoolNotFound", "NUMA node 7")]
    [InlineData("2M", -1, null, "InvalidHugePageCount", "0 or more")]
    public void What_the_host_has_not_is_refused_with_what_it_has(string size, int count, int? node, string errorId, string words)
    {
        using TemporaryFolder folder = new();

        HostMemoryException exception = Assert.Throws<HostMemoryException>(() => FakeHost(folder).Set(ByteSize.Parse(size), count, node: node));

        Assert.Equal(errorId, exception.ErrorId);
        Assert.Contains(words, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_without_hugepages_is_one_clear_error()
    {
        using TemporaryFolder folder = new();

        Assert.Equal("HugePagesUnavailable", Assert.Throws<HostMemoryException>(() => new HugePages(folder.Path).GetPools()).ErrorId);
    }

    [Theory]
    [InlineData("<memory unit='MiB'>64</memory>", "", 32, 0, "needs 32 pages of 2M, and 32 are available")]
    [InlineData("<memory unit='GiB'>2</memory>", "<memoryBacking><hugepages><page size='2' unit='M'/></hugepages></memoryBacking>", 1024, 992, "to 1056 pages")]
    [InlineData("<memory unit='KiB'>2049</memory>", "", 2, 0, "not a whole number of 2M pages")]
    [InlineData("<memory unit='GiB'>2</memory>", "<memoryBacking><hugepages><page size='1' unit='G'/></hugepages></memoryBacking>", 2, 2, "Size the pool to 2 pages")]
    public void A_domains_need_is_counted_and_the_missing_pages_named(string memory, string backing, long needed, long missing, string words)
    {
        using TemporaryFolder folder = new();

        HugePageAdvice advice = Assert.Single(FakeHost(folder).Measure(Domain.Parse($"<domain><name>a</name>{memory}{backing}</domain>")));

        Assert.Equal((needed, missing), (advice.Needed, advice.Missing));
        Assert.Contains(words, advice.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Numa_cells_with_pages_of_their_own_are_counted_apart()
    {
        using TemporaryFolder folder = new();

        IReadOnlyList<HugePageAdvice> advice = FakeHost(folder).Measure(Domain.Parse(SampleDomains.Handwritten["with hugepages and NUMA"]));

        Assert.Equal([("1G", 2L), ("2M", 1024L)], advice.Select(part => (part.PageSize.ToString(), part.Needed)));
    }

    [Fact]
    public void A_real_pool_grows_by_what_the_kernel_gives_and_is_given_back()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Sizing a pool of hugepages needs root.");
        Assert.SkipUnless(Directory.Exists("/sys/kernel/mm/hugepages/hugepages-2048kB"), "This kernel has no 2M pages.");
        HugePages host = new();
        HugePagePool before = host.GetPool(Small);
        HugePageChange change;
        try
        {
            change = host.Set(Small, 4, add: true);
        }
        catch (HostMemoryException exception) when (exception.ErrorId is "AccessDenied" or "HugePageWriteFailed")
        {
            Assert.Skip(exception.Message);
            return;
        }

        HugePageChange back = host.Set(Small, before.Total);

        Assert.Equal(before.Total + 4, change.Requested);
        Assert.Equal(change.IsComplete, change.After.Total == before.Total + 4);
        Assert.Equal(before.Total, back.After.Total);
    }

    private static HugePages PoorHost(TemporaryFolder folder, long totalMebibytes, long availableMebibytes)
    {
        _ = FakeHost(folder);
        folder.Write("meminfo", $"MemTotal:       {totalMebibytes * 1024} kB\nMemFree:  1 kB\nMemAvailable:   {availableMebibytes * 1024} kB\nHugePages_Total: 64\n");
        folder.Write(
            "devices/system/node/node1/meminfo",
            $"Node 1 MemTotal: {totalMebibytes * 512} kB\nNode 1 MemFree: {availableMebibytes * 256} kB\nNode 1 Active(file): 1024 kB\nNode 1 Inactive(file): 3072 kB\n");
        return new HugePages(folder.Path, folder.Path);
    }

    [Fact]
    public void Memory_that_the_host_needs_itself_is_taken_only_when_it_is_said_twice()
    {
        using TemporaryFolder folder = new();
        HugePages host = PoorHost(folder, totalMebibytes: 8192, availableMebibytes: 4096);
        // A twentieth of 8 GiB is kept; the pool has 64 pages, and (4096 - 409.6) / 2 more are to be had.
        const long Most = 64 + 1843;

        Assert.True(host.Set(Small, Most).IsComplete);
        host.Set(Small, 64);
        HostMemoryException refusal = Assert.Throws<HostMemoryException>(() => host.Set(Small, Most + 1));
        Assert.Equal("HostMemoryNeeded", refusal.ErrorId);
        Assert.Contains("4096M", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(64, host.GetPool(Small).Total);
        Assert.Throws<HostMemoryException>(() => host.Set(Small, Most + 1 - 64, add: true));
        Assert.True(host.Set(Small, Most + 1, force: true).IsComplete);
        Assert.True(host.Set(Small, 0).IsComplete);
    }

    [Fact]
    public void A_nodes_memory_is_its_own()
    {
        using TemporaryFolder folder = new();
        HugePages host = PoorHost(folder, totalMebibytes: 8192, availableMebibytes: 4096);

        HostMemory memory = host.MeasureMemory(host.GetPool(Small, 1), 32 + 100);

        Assert.Equal(("200M", 1026, 256), (memory.Taken.ToString(), (int)(memory.Available!.Value.Bytes >> 20), (int)(memory.Reserve.Bytes >> 20)));
        Assert.False(memory.IsShort);
        Assert.Equal("HostMemoryNeeded", Assert.Throws<HostMemoryException>(() => host.Set(Small, 500, node: 1)).ErrorId);
    }

    [Theory]
    [InlineData(long.MaxValue, false)]
    [InlineData(long.MaxValue / 2, true)]
    [InlineData(long.MaxValue, true)]
    public void No_number_of_pages_is_too_large_to_be_refused(long count, bool add)
    {
        using TemporaryFolder folder = new();
        HugePages host = PoorHost(folder, totalMebibytes: 8192, availableMebibytes: 4096);

        Assert.Equal("HostMemoryNeeded", Assert.Throws<HostMemoryException>(() => host.Set(Small, count, add)).ErrorId);
    }

    [Fact]
    public void Growing_ends_when_it_is_cancelled()
    {
        using TemporaryFolder folder = new();
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();

        HugePages host = FakeHost(folder);

        Assert.Throws<OperationCanceledException>(() => host.Set(Small, 65, cancellationToken: cancelled.Token));
        Assert.Equal(64, host.GetPool(Small).Total);
    }
}
