using System.Globalization;
using VirtioFs.LibvirtXml.Memory;

namespace VirtioFs.LibvirtXml.Host;

/// <summary>The host's hugepage pools, through sysfs.</summary>
public sealed class HugePages
{
    private const string DirectoryPrefix = "hugepages-";

    /// <summary>How much memory the kernel is asked for at once: it looks for it, and moves what is in the way, before it answers.</summary>
    private const long StepBytes = 1L << 30;

    private readonly string _sysRoot;
    private readonly string _procRoot;

    /// <summary>Makes an access to the pools.</summary>
    /// <param name="sysRoot">Where sysfs is mounted.</param>
    /// <param name="procRoot">Where procfs is mounted.</param>
    public HugePages(string sysRoot = "/sys", string procRoot = "/proc")
    {
        _sysRoot = sysRoot;
        _procRoot = procRoot;
    }

    /// <summary>All pools: for each page size the whole host's, then each node's.</summary>
    /// <returns>The pools, smallest pages first.</returns>
    /// <exception cref="HostMemoryException">The kernel has no hugepages, or its numbers cannot be read.</exception>
    public IReadOnlyList<HugePagePool> GetPools()
    {
        string[] directories = PoolDirectories(null);
        if (directories.Length == 0)
        {
            throw new HostMemoryException(
                "HugePagesUnavailable",
                ErrorKind.NotSupported,
                $"This host has no hugepages: {HostDirectory} is not there or empty. Use a kernel with CONFIG_HUGETLBFS, outside of a container.");
        }

        return
        [
            .. directories.Select(SizeOf).Order()
                .SelectMany(size => Nodes().Select(node => (int?)node).Prepend(null).Where(node => Exists(size, node)).Select(node => Read(size, node))),
        ];
    }

    /// <summary>One pool.</summary>
    /// <param name="size">The page size.</param>
    /// <param name="node">The NUMA node; null for the whole host.</param>
    /// <returns>The pool.</returns>
    /// <exception cref="HostMemoryException">The host has no such pool, or its numbers cannot be read.</exception>
    public HugePagePool GetPool(ByteSize size, int? node = null)
    {
        if (Exists(size, node))
        {
            return Read(size, node);
        }

        string place = node is null ? "host" : $"NUMA node {node}";
        string sizes = string.Join(", ", PoolDirectories(null).Select(SizeOf).Order());
        string nodes = string.Join(", ", Nodes());
        throw new HostMemoryException(
            "HugePagePoolNotFound",
            ErrorKind.NotFound,
            $"This {place} has no pool of {size} pages. The host has pages of {(sizes.Length == 0 ? "no size" : sizes)} and the NUMA nodes " +
            $"{(nodes.Length == 0 ? "none" : nodes)}.");
    }

    /// <summary>What a request would ask of the kernel, without doing it.</summary>
    /// <param name="size">The page size.</param>
    /// <param name="count">The pool's new size in pages, or how many to add.</param>
    /// <param name="add">Whether <paramref name="count"/> is added to what is there.</param>
    /// <param name="node">The NUMA node; null for the whole host.</param>
    /// <returns>The pool as it is, and its new size in pages.</returns>
    /// <exception cref="HostMemoryException">The host has no such pool, or the number is none.</exception>
    public (HugePagePool Before, long Requested) Plan(ByteSize size, long count, bool add = false, int? node = null)
    {
        HugePagePool before = GetPool(size, node);
        Int128 sum = add ? (Int128)before.Total - before.Surplus + count : count;
        long requested = (long)Int128.Clamp(sum, -1, long.MaxValue);
        return requested < 0
            ? throw new HostMemoryException(
                "InvalidHugePageCount",
                ErrorKind.InvalidArgument,
                $"The pool of {size} pages cannot have {sum} pages: it has {before.Total}. Ask for 0 or more.")
            : (before, requested);
    }

    /// <summary>What a request would leave to the rest of the host, without doing it.</summary>
    /// <param name="before">The pool as it is.</param>
    /// <param name="requested">Its new size in pages.</param>
    /// <returns>The memory.</returns>
    public HostMemory MeasureMemory(HugePagePool before, long requested)
    {
        ArgumentNullException.ThrowIfNull(before);
        Int128 taken = Int128.Max(0, (Int128)requested - before.Total) * before.Size.Bytes;
        string? nodeFile = before.Node is null ? null : Path.Combine(Path.GetDirectoryName(ParentDirectory(before.Node))!, "meminfo");
        return HostMemory.Read(new ByteSize((long)Int128.Min(taken, long.MaxValue)), nodeFile, Path.Combine(_procRoot, "meminfo"));
    }

    /// <summary>Sizes a pool. The kernel gives as many pages as it finds memory for.</summary>
    /// <param name="size">The page size.</param>
    /// <param name="count">The pool's new size in pages, or how many to add.</param>
    /// <param name="add">Whether <paramref name="count"/> is added to what is there.</param>
    /// <param name="node">The NUMA node; null for the whole host.</param>
    /// <param name="force">Whether memory is taken that the host needs itself.</param>
    /// <param name="cancellationToken">Ends the growing; the pool keeps the pages that it has got.</param>
    /// <returns>The pool before and after.</returns>
    /// <exception cref="HostMemoryException">The host has no such pool, needs the memory itself, the number is none, or there is no permission.</exception>
    public HugePageChange Set(
        ByteSize size, long count, bool add = false, int? node = null, bool force = false, CancellationToken cancellationToken = default)
    {
        (HugePagePool before, long requested) = Plan(size, count, add, node);
        HostMemory memory = MeasureMemory(before, requested);
        if (memory.IsShort && !force)
        {
            throw new HostMemoryException(
                "HostMemoryNeeded",
                ErrorKind.InvalidState,
                $"The pool of {size} pages would take {memory.Taken} more of the {InMebibytes(memory.Available)} that {(node is null ? "this host" : $"NUMA node {node}")} can give, and leave " +
                $"{InMebibytes(memory.Left)} of the {InMebibytes(memory.Reserve)} that it needs itself. Ask for fewer pages, or pass -Force to take them all the same.");
        }

        HugePagePool after = before;
        long step = Math.Max(1, StepBytes / size.Bytes);
        long next = before.Total - before.Surplus;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            next = requested <= next || requested - next < step ? requested : next + step;
            Write(size, node, next);
            after = Read(size, node);
        }
        while (next < requested && after.Total - after.Surplus >= next);
        return new HugePageChange(before, after, requested, [.. WarnOf(before, after, requested)]);
    }

    /// <summary>How many hugepages a domain needs, and whether they are there.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="assumedSize">The page size to reckon with when the domain names none; the host's default size when null.</param>
    /// <returns>One piece of advice a page size.</returns>
    /// <exception cref="HostMemoryException">The domain says nothing of its memory, or the host has no pages of a size.</exception>
    public IReadOnlyList<HugePageAdvice> Measure(Domain domain, ByteSize? assumedSize = null)
    {
        ArgumentNullException.ThrowIfNull(domain);
        MemoryBacking memory = domain.MemoryBacking;
        ByteSize total = domain.Memory ?? throw new HostMemoryException(
            "MemoryUnknown",
            ErrorKind.InvalidArgument,
            $"The domain '{domain}' does not say how much memory it has, so its pages cannot be counted. Add a <memory> element.");
        return [.. Demand(memory, total, assumedSize).GroupBy(demand => demand.Size).Select(group => Advise(domain, group.Key, group.Select(demand => demand.Memory)))];
    }

    private string HostDirectory => Path.Combine(_sysRoot, "kernel/mm/hugepages");

    private static string InMebibytes(ByteSize? size) => size is ByteSize known ? $"{known.Bytes >> 20}M" : "memory";

    private void Write(ByteSize size, int? node, long pages)
    {
        string file = Path.Combine(PoolDirectory(size, node), "nr_hugepages");
        try
        {
            File.WriteAllText(file, pages.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            throw new HostMemoryException(
                exception is UnauthorizedAccessException ? "AccessDenied" : "HugePageWriteFailed",
                exception is UnauthorizedAccessException ? ErrorKind.PermissionDenied : ErrorKind.WriteFailed,
                $"The pool of {size} pages cannot be sized: {exception.Message.TrimEnd('.')}. Run this as root; inside a container /sys is read-only.",
                exception);
        }
    }

    private static IEnumerable<Advice> WarnOf(HugePagePool before, HugePagePool after, long requested)
    {
        long given = after.Total - after.Surplus;
        if (given < requested)
        {
            yield return new Advice(
                "FewerHugePages",
                $"The kernel found memory for {given} of {requested} pages of {after.Size} (before: {before.Total}). Free memory, or size the pool " +
                "soon after the host has started, when memory is not yet fragmented.");
        }
        else if (given > requested || after.Surplus > 0)
        {
            yield return new Advice(
                "HugePagesInUse",
                $"{after.Total - after.Free} pages of {after.Size} are in use, so the pool has {after.Total} and not {requested}. It shrinks when their " +
                "users stop.");
        }
    }

    private IEnumerable<(ByteSize Size, ByteSize Memory)> Demand(MemoryBacking memory, ByteSize total, ByteSize? assumedSize)
    {
        HugePage? common = memory.HugePages.FirstOrDefault(page => page.NodeSet is null);
        if (memory.NumaCells.Count == 0)
        {
            HugePage? only = common ?? (memory.HugePages.Count > 0 ? memory.HugePages[0] : null);
            yield return (only?.Size ?? assumedSize ?? DefaultSize(), total);
            yield break;
        }

        foreach (NumaCell cell in memory.NumaCells)
        {
            HugePage? own = memory.HugePages.FirstOrDefault(page => page.NodeSet is not null && NumberSet.Parse(page.NodeSet, "node set").Contains(cell.Id));
            bool usesOrdinaryPages = own is null && common is null && memory.HugePages.Count > 0;
            if (!usesOrdinaryPages)
            {
                yield return ((own ?? common)?.Size ?? assumedSize ?? DefaultSize(), cell.Memory);
            }
        }
    }

    private HugePageAdvice Advise(Domain domain, ByteSize size, IEnumerable<ByteSize> parts)
    {
        long needed = parts.Sum(part => (part.Bytes / size.Bytes) + (part.Bytes % size.Bytes == 0 ? 0 : 1));
        bool isWhole = parts.All(part => part.Bytes % size.Bytes == 0);
        HugePagePool pool = GetPool(size);
        long missing = Math.Max(0, needed - pool.Available);
        long poolSize = pool.Total + missing;
        string remark = isWhole ? string.Empty : $" Its memory is not a whole number of {size} pages, so the last one is not filled.";
        string message = missing == 0
            ? $"The domain '{domain}' needs {needed} pages of {size}, and {pool.Available} are available.{remark}"
            : $"The domain '{domain}' needs {needed} pages of {size}, but {pool.Available} are available: {missing} are missing. Size the pool to " +
              $"{poolSize} pages.{remark}";
        return new HugePageAdvice(size, needed, pool.Available, poolSize, message);
    }

    /// <summary>The page size of a plain hugetlbfs mount: 2M on x86-64 and arm64, 1M on s390x; it is the smallest where there are several.</summary>
    private ByteSize DefaultSize()
    {
        ByteSize[] sizes = [.. PoolDirectories(null).Select(SizeOf).Order()];
        ByteSize[] usual = [.. sizes.Where(size => size.Bytes >= 1024 * 1024)];
        return usual.Length > 0 ? usual[0] : sizes.Length > 0 ? sizes[0] : new ByteSize(2 * 1024 * 1024);
    }

    private HugePagePool Read(ByteSize size, int? node) => new()
    {
        Size = size,
        Node = node,
        Total = ReadNumber(size, node, "nr_hugepages"),
        Free = ReadNumber(size, node, "free_hugepages"),
        Reserved = node is null ? ReadNumber(size, node, "resv_hugepages") : null,
        Surplus = ReadNumber(size, node, "surplus_hugepages"),
        Overcommit = node is null ? ReadNumber(size, node, "nr_overcommit_hugepages") : null,
    };

    private long ReadNumber(ByteSize size, int? node, string name)
    {
        string file = Path.Combine(PoolDirectory(size, node), name);
        try
        {
            return long.Parse(File.ReadAllText(file).Trim(), NumberStyles.None, CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new HostMemoryException(
                "HugePageReadFailed",
                ErrorKind.Failed,
                $"The pool of {size} pages cannot be read: {exception.Message.TrimEnd('.')}. Check that sysfs is mounted at {_sysRoot}.",
                exception);
        }
    }

    private bool Exists(ByteSize size, int? node) => Directory.Exists(PoolDirectory(size, node));

    private string PoolDirectory(ByteSize size, int? node) =>
        Path.Combine(ParentDirectory(node), string.Create(CultureInfo.InvariantCulture, $"{DirectoryPrefix}{size.Bytes / 1024}kB"));

    private string ParentDirectory(int? node) => node is null
        ? HostDirectory
        : Path.Combine(_sysRoot, string.Create(CultureInfo.InvariantCulture, $"devices/system/node/node{node}/hugepages"));

    private string[] PoolDirectories(int? node) => Directory.Exists(ParentDirectory(node))
        ? Directory.GetDirectories(ParentDirectory(node), DirectoryPrefix + "*kB")
        : [];

    private static ByteSize SizeOf(string directory) =>
        new(1024 * long.Parse(Path.GetFileName(directory)[DirectoryPrefix.Length..^2], NumberStyles.None, CultureInfo.InvariantCulture));

    private IEnumerable<int> Nodes()
    {
        string parent = Path.Combine(_sysRoot, "devices/system/node");
        return !Directory.Exists(parent)
            ? []
            : Directory.GetDirectories(parent, "node*")
                .Select(directory => int.TryParse(Path.GetFileName(directory)["node".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int node) ? node : -1)
                .Where(node => node >= 0)
                .Order();
    }
}
