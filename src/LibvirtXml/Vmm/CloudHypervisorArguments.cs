using System.Globalization;
using System.Text;
using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Memory;

namespace VirtioFs.LibvirtXml.Vmm;

/// <summary>A domain's memory and virtio-fs devices as Cloud Hypervisor's arguments.</summary>
public static class CloudHypervisorArguments
{
    /// <summary>Makes the arguments.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="options">What the XML does not say; null for Cloud Hypervisor's defaults.</param>
    /// <returns>The arguments.</returns>
    /// <exception cref="DomainRuleException">Cloud Hypervisor would refuse them, or a file system has no socket.</exception>
    public static VmmArguments From(Domain domain, CloudHypervisorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(domain);
        options ??= new CloudHypervisorOptions();
        FileSystem[] fileSystems = [.. domain.FileSystems.Where(fileSystem => fileSystem.IsVirtioFs)];
        MemoryBacking memory = domain.MemoryBacking;
        bool isShared = memory.Access == MemoryAccess.Shared || memory.TestShared().IsShared;
        if (fileSystems.Length > 0)
        {
            SharedMemoryRule.TestCloudHypervisor(isShared, memory.UsesHugePages).Require($"The memory of the domain '{domain}' is private");
        }

        List<Advice> warnings = [];
        List<string> arguments = ["--memory", Memory(domain, memory, isShared, warnings)];
        if (fileSystems.Length > 0)
        {
            arguments.Add("--fs");
            arguments.AddRange(fileSystems.Select(fileSystem => Describe(FromFileSystem(fileSystem, options), domain.VirtualCpus)));
        }

        return new VmmArguments(arguments, warnings);
    }

    /// <summary>Makes the argument of one device.</summary>
    /// <param name="fileSystem">The device.</param>
    /// <param name="virtualCpus">The boot vCPUs; null when they are not known.</param>
    /// <returns>The text behind <c>--fs</c>.</returns>
    /// <exception cref="DomainRuleException">Cloud Hypervisor would refuse it.</exception>
    public static string Describe(CloudHypervisorFileSystem fileSystem, int? virtualCpus = null)
    {
        ArgumentNullException.ThrowIfNull(fileSystem);
        fileSystem.Check(virtualCpus);
        StringBuilder text = new();
        text.Append("tag=").Append(Quote(fileSystem.Tag)).Append(",socket=").Append(Quote(fileSystem.Socket));
        text.Append(CultureInfo.InvariantCulture, $",num_queues={fileSystem.Queues},queue_size={fileSystem.QueueSize}");
        if (fileSystem.Id is not null)
        {
            text.Append(",id=").Append(Quote(fileSystem.Id));
        }

        if (fileSystem.PciSegment is int segment)
        {
            text.Append(CultureInfo.InvariantCulture, $",pci_segment={segment}");
        }

        return text.ToString();
    }

    /// <summary>Makes Cloud Hypervisor's device from libvirt's.</summary>
    /// <param name="fileSystem">libvirt's.</param>
    /// <param name="options">What the XML does not say; null for Cloud Hypervisor's defaults.</param>
    /// <returns>Cloud Hypervisor's.</returns>
    /// <exception cref="DomainRuleException">Cloud Hypervisor has no such setting, or the file system has no socket.</exception>
    public static CloudHypervisorFileSystem FromFileSystem(FileSystem fileSystem, CloudHypervisorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(fileSystem);
        options ??= new CloudHypervisorOptions();
        FileSystemRules.RequireTag(fileSystem.Tag);
        if (fileSystem.Iommu == true)
        {
            throw new DomainRuleException(
                "IommuNotSupported",
                $"Cloud Hypervisor knows no iommu setting for vhost-user-fs devices, but '{fileSystem.Tag}' has iommu='on'. Leave it out.");
        }

        string? socket = fileSystem.SourceSocket ?? options.Sockets.GetValueOrDefault(fileSystem.Tag!);
        return new CloudHypervisorFileSystem
        {
            Tag = fileSystem.Tag!,
            Socket = socket ?? throw new DomainRuleException(
                "SocketRequired",
                $"No socket provided when using vhost-user: '{fileSystem.Tag}' shows the directory '{fileSystem.SourceDirectory}', but Cloud Hypervisor starts no daemon. " +
                "Start a share, and name its socket."),
            Queues = options.Queues,
            QueueSize = fileSystem.QueueSize ?? options.QueueSize,
            Id = fileSystem.Alias,
            PciSegment = options.PciSegment,
        };
    }

    private static string Memory(Domain domain, MemoryBacking memory, bool isShared, List<Advice> warnings)
    {
        ByteSize size = domain.Memory ?? throw new DomainRuleException(
            "MemoryUnknown",
            $"The domain '{domain}' does not say how much memory it has. Add a <memory> element.");
        if (memory.NumaCells.Count > 0)
        {
            warnings.Add(new Advice(
                "NumaLeftOut",
                $"The NUMA cells of '{domain}' were left out: the memory is one piece here. Write --memory-zone and --numa yourself if the guest needs them."));
        }

        string text = $"size={size}";
        text += isShared ? ",shared=on" : string.Empty;
        if (!memory.UsesHugePages)
        {
            return text + (memory.Allocation == MemoryAllocation.Immediate ? ",prefault=on" : string.Empty);
        }

        HugePage? page = memory.HugePages.FirstOrDefault(page => page.NodeSet is null) ?? memory.HugePages.FirstOrDefault(defaultValue: null);
        return text + ",hugepages=on" + (page is null ? string.Empty : $",hugepage_size={page.Size}");
    }

    /// <summary>
    /// Cloud Hypervisor's option parser (`split_commas`) takes a value with commas between quotation marks and knows no way to write those, counts
    /// brackets also there, and takes blanks from both ends of a value.
    /// </summary>
    private static string Quote(string value)
    {
        if (value.Contains('"', StringComparison.Ordinal) || value != value.Trim() || !HasPairedBrackets(value))
        {
            throw new DomainRuleException(
                "InvalidOptionText",
                $"The value '{value}' has a quotation mark, a bracket without its other half or blanks at an end, which Cloud Hypervisor's command line cannot carry. Choose " +
                "another one, or add the device over its API.");
        }

        return value.AsSpan().IndexOfAny(",[]=") < 0 ? value : $"\"{value}\"";
    }

    private static bool HasPairedBrackets(string value)
    {
        int open = 0;
        foreach (char letter in value)
        {
            open += letter switch
            {
                '[' => 1,
                ']' => -1,
                _ => 0,
            };
            if (open < 0)
            {
                return false;
            }
        }

        return open == 0;
    }
}
