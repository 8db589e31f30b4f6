using System.Globalization;
using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Memory;

namespace VirtioFs.LibvirtXml.Vmm;

/// <summary>A domain's memory and virtio-fs devices as QEMU's arguments.</summary>
public static class QemuArguments
{
    private const int MaxRequestQueues = 1023;

    /// <summary>Makes the arguments.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="options">What the XML does not say; null for QEMU's defaults.</param>
    /// <returns>The arguments.</returns>
    /// <exception cref="DomainRuleException">QEMU would refuse them, or a file system has no socket.</exception>
    public static VmmArguments From(Domain domain, QemuOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(domain);
        options ??= new QemuOptions();
        FileSystem[] fileSystems = [.. domain.FileSystems.Where(fileSystem => fileSystem.IsVirtioFs)];
        List<Advice> warnings = [];
        if (fileSystems.Length > 0)
        {
            domain.MemoryBacking.TestShared().Require();
        }

        List<string> arguments = [.. Memory(domain, options)];
        bool isCcw = options.Ccw ?? domain.IsS390;
        for (int index = 0; index < fileSystems.Length; index++)
        {
            arguments.AddRange(Device(fileSystems[index], index, isCcw, options, warnings));
        }

        return new VmmArguments(arguments, warnings);
    }

    /// <summary>Makes the arguments of one device.</summary>
    /// <param name="fileSystem">The device.</param>
    /// <param name="options">What the object does not say; null for QEMU's defaults.</param>
    /// <param name="index">Its place among the devices, for the names in the arguments.</param>
    /// <returns>The arguments.</returns>
    /// <exception cref="DomainRuleException">QEMU would refuse them, or the file system has no socket.</exception>
    public static VmmArguments From(FileSystem fileSystem, QemuOptions? options = null, int index = 0)
    {
        ArgumentNullException.ThrowIfNull(fileSystem);
        options ??= new QemuOptions();
        List<Advice> warnings = [];
        string[] arguments = [.. Device(fileSystem, index, options.Ccw ?? fileSystem.Address is CcwAddress, options, warnings)];
        return new VmmArguments(arguments, warnings);
    }

    private static IEnumerable<string> Memory(Domain domain, QemuOptions options)
    {
        ByteSize total = domain.Memory ?? throw new DomainRuleException(
            "MemoryUnknown",
            $"The domain '{domain}' does not say how much memory it has, so no memory backend can be made. Add a <memory> element.");
        MemoryBacking memory = domain.MemoryBacking;
        if (memory.Locked)
        {
            yield return "-overcommit";
            yield return "mem-lock=on";
        }

        if (memory.NumaCells.Count == 0)
        {
            yield return "-m";
            yield return Size(total);
            yield return "-object";
            yield return Backend(memory, "mem", total, memory.Access == MemoryAccess.Shared, memory.Discard, PageFor(memory, 0), options);
            yield return "-machine";
            yield return "memory-backend=mem";
            yield break;
        }

        yield return "-m";
        yield return Size(new ByteSize(memory.NumaCells.Sum(cell => cell.Memory.Bytes)));
        foreach (NumaCell cell in memory.NumaCells)
        {
            string id = string.Create(CultureInfo.InvariantCulture, $"ram-node{cell.Id}");
            bool isShared = (cell.MemAccess ?? memory.Access) == MemoryAccess.Shared;
            yield return "-object";
            yield return Backend(memory, id, cell.Memory, isShared, cell.Discard ?? memory.Discard, PageFor(memory, cell.Id), options);
            yield return "-numa";
            yield return new QemuWords("node")
                .With("nodeid", cell.Id.ToString(CultureInfo.InvariantCulture))
                .WithEach("cpus", cell.Cpus is null ? [] : Ranges(NumberSet.Parse(cell.Cpus, "set of CPUs")))
                .With("memdev", id)
                .ToString();
        }
    }

    private static string Backend(
        MemoryBacking memory,
        string id,
        ByteSize size,
        bool isShared,
        bool discards,
        PageChoice page,
        QemuOptions options)
    {
        bool isFile = memory.Source == MemorySource.File
            || (memory.Source != MemorySource.Memfd && (isShared || page.IsHuge));
        QemuWords words = memory.Source == MemorySource.Memfd
            ? new QemuWords("memory-backend-memfd")
                .With("id", id)
                .With("size", Size(size))
                .With("share", OnOff(isShared))
                .With("hugetlb", page.IsHuge ? "on" : null)
                .With("hugetlbsize", page.Size is ByteSize pageSize ? Size(pageSize) : null)
            : new QemuWords(isFile ? "memory-backend-file" : "memory-backend-ram")
                .With("id", id)
                .With("size", Size(size))
                .With("mem-path", isFile ? (page.IsHuge ? options.HugetlbfsMount : options.MemoryDirectory) : null)
                .With("share", OnOff(isShared))
                .With("discard-data", isFile && discards ? "on" : null);
        return words
            .With("merge", memory.NoSharePages ? "off" : null)
            .With("prealloc", memory.Allocation == MemoryAllocation.Immediate || page.IsHuge ? "on" : null)
            .With("prealloc-threads", memory.AllocationThreads?.ToString(CultureInfo.InvariantCulture))
            .ToString();
    }

    private static PageChoice PageFor(MemoryBacking memory, int node)
    {
        HugePage? own = memory.HugePages.FirstOrDefault(page => page.NodeSet is not null && NumberSet.Parse(page.NodeSet, "node set").Contains(node));
        HugePage? page = own ?? memory.HugePages.FirstOrDefault(page => page.NodeSet is null);
        return new PageChoice(memory.UsesHugePages && (page is not null || memory.HugePages.Count == 0), page?.Size);
    }

    private static IEnumerable<string> Device(FileSystem fileSystem, int index, bool isCcw, QemuOptions options, List<Advice> warnings)
    {
        string socket = SocketOf(fileSystem, options);
        FileSystemRules.CheckAlone(fileSystem with { SourceSocket = socket, SourceDirectory = null, ReadOnly = false });
        RequireQueues(fileSystem, options);
        RequireBus(fileSystem, isCcw);
        string name = string.Create(CultureInfo.InvariantCulture, $"vfs{index}");
        yield return "-chardev";
        yield return new QemuWords("socket").With("id", $"char-{name}").With("path", socket).ToString();
        yield return "-device";
        yield return new QemuWords(isCcw ? "vhost-user-fs-ccw" : "vhost-user-fs-pci")
            .With("chardev", $"char-{name}")
            .With("tag", fileSystem.Tag)
            .With("id", fileSystem.Alias ?? name)
            .With("queue-size", fileSystem.QueueSize?.ToString(CultureInfo.InvariantCulture))
            .With("num-request-queues", options.RequestQueues?.ToString(CultureInfo.InvariantCulture))
            .With("iommu_platform", OnOff(fileSystem.Iommu))
            .With("ats", isCcw ? null : OnOff(fileSystem.Ats))
            .With("packed", OnOff(fileSystem.Packed))
            .With("page-per-vq", isCcw ? null : OnOff(fileSystem.PagePerVq))
            .With("bootindex", fileSystem.BootOrder?.ToString(CultureInfo.InvariantCulture))
            .With("devno", fileSystem.DeviceNumber?.ToString())
            .With("addr", PciPlace(fileSystem, warnings))
            .ToString();
        if (fileSystem.ReadOnly)
        {
            warnings.Add(new Advice(
                "ReadOnlyIsTheSharesOwn",
                $"QEMU cannot make '{fileSystem.Tag}' read-only. Start its share read-only."));
        }
    }

    private static string SocketOf(FileSystem fileSystem, QemuOptions options)
    {
        if (fileSystem.SourceSocket is string socket)
        {
            return socket;
        }

        return fileSystem.Tag is not null && options.Sockets.TryGetValue(fileSystem.Tag, out string? given)
            ? given
            : throw new DomainRuleException(
                "SocketRequired",
                $"The file system '{fileSystem.Tag}' shows the directory '{fileSystem.SourceDirectory}', but QEMU itself starts no daemon. Start a share of the directory, " +
                "and name its socket.");
    }

    private static void RequireQueues(FileSystem fileSystem, QemuOptions options)
    {
        if (options.RequestQueues is < 1 or > MaxRequestQueues)
        {
            throw new DomainRuleException(
                "InvalidRequestQueues",
                options.RequestQueues < 1
                    ? $"num-request-queues property must be larger than 0: '{fileSystem.Tag}' was to have {options.RequestQueues}. Choose 1 or more."
                    : $"'{fileSystem.Tag}' was to have {options.RequestQueues} request queues, but a virtio device has room for {MaxRequestQueues}. Choose fewer.");
        }
    }

    private static void RequireBus(FileSystem fileSystem, bool isCcw)
    {
        bool isWrong = isCcw ? fileSystem.Address is PciAddress : fileSystem.Address is CcwAddress;
        if (isWrong || (isCcw && fileSystem.BootOrder is not null))
        {
            throw new DomainRuleException(
                isWrong ? "WrongBus" : "BootOrderNotPci",
                isWrong
                    ? $"The file system '{fileSystem.Tag}' has the address {fileSystem.Address} of the bus {fileSystem.Address!.Type}, but a {(isCcw ? "CCW" : "PCI")} device is asked " +
                      "for. Leave the address out, or choose the other bus."
                    : $"The boot order of '{fileSystem.Tag}' needs a PCI device, but a CCW device is asked for. Leave it out.");
        }
    }

    /// <summary>QEMU names PCI buses after their controllers, so only the root bus can be told from a number.</summary>
    private static string? PciPlace(FileSystem fileSystem, List<Advice> warnings)
    {
        if (fileSystem.Address is not PciAddress address)
        {
            return null;
        }

        if (address is { Domain: 0, Bus: 0 })
        {
            return string.Create(CultureInfo.InvariantCulture, $"0x{address.Slot:x}.0x{address.Function:x}");
        }

        warnings.Add(new Advice(
            "PciAddressLeftOut",
            $"The PCI address {address} of '{fileSystem.Tag}' was left out: QEMU names buses after their controllers. Add bus= and addr= to the device yourself if " +
            "its place matters."));
        return null;
    }

    private static IEnumerable<string> Ranges(SortedSet<int> numbers)
    {
        int? start = null;
        int last = -1;
        foreach (int number in numbers)
        {
            if (start is int begun && number != last + 1)
            {
                yield return Range(begun, last);
                start = number;
            }

            start ??= number;
            last = number;
        }

        if (start is int final)
        {
            yield return Range(final, last);
        }
    }

    private static string Range(int first, int last) => first == last
        ? first.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{first}-{last}");

    /// <summary>QEMU takes a number without a letter for MiB in some places and for bytes in others; with a letter it is never in doubt.</summary>
    private static string Size(ByteSize size)
    {
        (long value, string letter) = size.Scale();
        return string.Create(CultureInfo.InvariantCulture, $"{value}{(letter.Length == 0 ? "B" : letter)}");
    }

    private static string? OnOff(bool? value) => value switch
    {
        true => "on",
        false => "off",
        null => null,
    };
}
