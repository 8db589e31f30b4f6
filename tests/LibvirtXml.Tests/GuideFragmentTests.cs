using System.Text.RegularExpressions;
using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Memory;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>
/// Each XML fragment of libvirt's virtiofs guide, of IBM's KVM guide for s390, of QEMU's 5.0 announcement and of the virtiofsd
/// wrapper guide, next to the one call that makes it.
/// </summary>
public sealed partial class GuideFragmentTests
{
    private const string Domain1 = "<domain type='kvm'>\n  <name>guide</name>\n  <memory unit='GiB'>2</memory>\n  <vcpu>8</vcpu>\n  <devices/>\n</domain>\n";

    private const string S390 =
        "<domain type='kvm'>\n  <name>guide</name>\n  <memory unit='GiB'>2</memory>\n  <os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type></os>\n  <devices/>\n</domain>\n";

    // libvirt's guide: "Optional parameters". The guide leaves source and target out.
    [Fact]
    public void Libvirt_guide_optional_parameters() => AssertFileSystem(
        "<filesystem type='mount' accessmode='passthrough'> <driver type='virtiofs' queue='1024'/> <binary path='/usr/libexec/virtiofsd' xattr='on'> " +
        "<cache mode='always'/> <lock posix='on' flock='on'/> </binary> <source dir='/path'/> <target dir='mount_tag'/> </filesystem>",
        new FileSystem
        {
            Tag = "mount_tag",
            SourceDirectory = "/path",
            AccessMode = FileSystemAccessMode.Passthrough,
            QueueSize = 1024,
            BinaryPath = "/usr/libexec/virtiofsd",
            Xattr = true,
            Cache = FileSystemCache.Always,
            PosixLock = true,
            Flock = true,
        });

    // libvirt's guide: "Externally-launched virtiofsd".
    [Fact]
    public void Libvirt_guide_external_daemon() => AssertFileSystem(
        "<filesystem type='mount'> <driver type='virtiofs' queue='1024'/> <source socket='/var/virtiofsd.sock'/> <target dir='tag'/> </filesystem>",
        new FileSystem { Tag = "tag", SourceSocket = "/var/virtiofsd.sock", QueueSize = 1024 });

    // libvirt's guide: "Specify the NUMA topology".
    [Fact]
    public void Libvirt_guide_numa_topology() => AssertAdded(
        Domain1,
        "<cpu> <numa> <cell id='0' cpus='0-7' memory='2' unit='GiB' memAccess='shared'/> </numa> </cpu>",
        domain => domain.SetMemoryBacking(new MemoryBackingRequest { NumaCells = [NumaCell.Parse("cpus=0-7,memory=2G,memAccess=shared", 0)] }));

    // libvirt's guide: "Note that the CPU element might already be specified and only one is allowed."
    [Fact]
    public void Libvirt_guide_numa_topology_in_a_cpu_element_that_is_there()
    {
        string xml = Domain1.Replace("  <devices/>", "  <cpu mode='host-model' check='partial'>\n    <topology sockets='1' cores='8' threads='1'/>\n  </cpu>\n  <devices/>", StringComparison.Ordinal);
        Domain domain = Domain.Parse(xml);

        domain.SetMemoryBacking(new MemoryBackingRequest { NumaCells = [NumaCell.Parse("cpus=0-7,memory=2G,memAccess=shared", 0)] });

        Assert.Equal(
            xml.Replace(
                "threads='1'/>\n",
                "threads='1'/>\n    <numa>\n      <cell id='0' cpus='0-7' memory='2' unit='GiB' memAccess='shared'/>\n    </numa>\n",
                StringComparison.Ordinal),
            domain.Xml);
        Assert.True(domain.MemoryBacking.TestShared().IsShared);
    }

    // libvirt's guide: "memfd memory".
    [Fact]
    public void Libvirt_guide_memfd_memory() => AssertAdded(
        Domain1,
        "<memoryBacking> <source type='memfd'/> <access mode='shared'/> </memoryBacking>",
        domain => domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true }));

    // libvirt's guide: "File-backed memory".
    [Fact]
    public void Libvirt_guide_file_backed_memory() => AssertAdded(
        Domain1,
        "<memoryBacking> <access mode='shared'/> </memoryBacking>",
        domain => domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true, Source = MemorySource.Default }));

    // libvirt's guide: "Hugepage-backed memory".
    [Fact]
    public void Libvirt_guide_hugepage_backed_memory() => AssertAdded(
        Domain1,
        "<memoryBacking> <hugepages> <page size='2' unit='M'/> </hugepages> <access mode='shared'/> </memoryBacking>",
        domain => domain.SetMemoryBacking(new MemoryBackingRequest
        {
            Shared = true,
            Source = MemorySource.Default,
            HugePages = [new HugePage(ByteSize.Parse("2M"))],
        }));

    // What -Shared -Hugepages 2M writes: the two above together, which needs no hugetlbfs mount.
    [Fact]
    public void Shared_hugepages_use_memfd_by_default() => AssertAdded(
        Domain1,
        "<memoryBacking> <hugepages> <page size='2' unit='M'/> </hugepages> <source type='memfd'/> <access mode='shared'/> </memoryBacking>",
        domain => domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true, HugePages = [new HugePage(ByteSize.Parse("2M"))] }));

    // IBM's guide: file-backed memory with the optional source element.
    [Fact]
    public void Ibm_guide_file_backed_memory() => AssertAdded(
        S390,
        "<memoryBacking> <source type='file'/> <access mode='shared'/> </memoryBacking>",
        domain => domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true }));

    // IBM's guide: hugepage-backed memory, of the machine's own page size.
    [Fact]
    public void Ibm_guide_hugepage_backed_memory() => AssertAdded(
        S390,
        "<memoryBacking> <hugepages/> <access mode='shared'/> </memoryBacking>",
        domain => domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true, HugePages = [] }));

    // IBM's guide: the file system with a device bus-ID of its own.
    [Fact]
    public void Ibm_guide_file_system_with_a_device_number()
    {
        AssertFileSystem(
            "<filesystem type='mount' accessmode='passthrough'> <driver type='virtiofs'/> <source dir='/path'/> <target dir='tag'/> " +
            "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x1a12'/> </filesystem>",
            new FileSystem
            {
                Tag = "tag",
                SourceDirectory = "/path",
                AccessMode = FileSystemAccessMode.Passthrough,
                Address = new CcwAddress(DeviceNumber.Parse("fe.0.1a12")),
            },
            S390);
        Assert.Equal("0.0.1a12", DeviceNumber.Parse("fe.0.1a12").GuestBusId);
    }

    // QEMU's 5.0 announcement.
    [Fact]
    public void Qemu_announcement() => AssertFileSystem(
        "<filesystem type='mount' accessmode='passthrough'> <driver type='virtiofs'/> <binary xattr='on'> <lock posix='on' flock='on'/> </binary> " +
        "<source dir='/path/on/host'/> <target dir='mount_tag'/> </filesystem>",
        new FileSystem
        {
            Tag = "mount_tag",
            SourceDirectory = "/path/on/host",
            AccessMode = FileSystemAccessMode.Passthrough,
            Xattr = true,
            PosixLock = true,
            Flock = true,
        });

    // The wrapper guide.
    [Fact]
    public void Wrapper_guide() => AssertFileSystem(
        "<filesystem type='mount' accessmode='passthrough'> <driver type='virtiofs' ats='on'/> <binary path='/opt/virtiofsd-rust/virtiofsd.sh'/> " +
        "<source dir='/mnt/share/'/> <target dir='share'/> </filesystem>",
        new FileSystem
        {
            Tag = "share",
            SourceDirectory = "/mnt/share/",
            AccessMode = FileSystemAccessMode.Passthrough,
            Ats = true,
            BinaryPath = "/opt/virtiofsd-rust/virtiofsd.sh",
        });

    // Everything that libvirt's XML can say of a virtio-fs device.
    [Fact]
    public void Every_element_and_attribute() => AssertFileSystem(
        "<filesystem type='mount' accessmode='passthrough'> <driver type='virtiofs' queue='512' iommu='on' ats='on' packed='on' page_per_vq='on'/> " +
        "<binary path='/usr/libexec/virtiofsd' xattr='on'> <cache mode='none'/> <sandbox mode='chroot'/> <lock posix='off' flock='off'/> " +
        "<thread_pool size='16'/> <openfiles max='1000000'/> </binary> <source dir='/srv'/> <target dir='all'/> " +
        "<idmap> <uid start='0' target='100000' count='65536'/> <gid start='0' target='100000' count='65536'/> </idmap> <readonly/> " +
        "<boot order='1'/> <alias name='ua-all'/> <address type='pci' domain='0x0000' bus='0x07' slot='0x00' function='0x0'/> </filesystem>",
        new FileSystem
        {
            Tag = "all",
            SourceDirectory = "/srv",
            AccessMode = FileSystemAccessMode.Passthrough,
            QueueSize = 512,
            Iommu = true,
            Ats = true,
            Packed = true,
            PagePerVq = true,
            BinaryPath = "/usr/libexec/virtiofsd",
            Xattr = true,
            Cache = FileSystemCache.None,
            Sandbox = FileSystemSandbox.Chroot,
            PosixLock = false,
            Flock = false,
            ThreadPoolSize = 16,
            OpenFilesMax = 1_000_000,
            UidMap = [IdMapEntry.Parse("0:100000:65536")],
            GidMap = [IdMapEntry.Parse("0:100000:65536")],
            ReadOnly = true,
            BootOrder = 1,
            Alias = "ua-all",
            Address = PciAddress.Parse("07:00.0"),
        });

    /// <summary>The fragment is what the call makes, reads as the same object, and is written back unchanged.</summary>
    private static void AssertFileSystem(string fragment, FileSystem made, string xml = Domain1)
    {
        Assert.Equal(Compact(fragment), Compact(made.ToXml()));
        Assert.Equal(made, FileSystem.Parse(fragment));
        Assert.Equal(fragment, FileSystem.Parse(fragment).ToXml());
        AssertAdded(xml, fragment, domain => domain.AddFileSystem(made));
    }

    private static void AssertAdded(string xml, string fragment, Action<Domain> call)
    {
        Domain domain = Domain.Parse(xml);

        call(domain);

        Assert.Contains(Compact(fragment), Compact(domain.Xml), StringComparison.Ordinal);
        Assert.Equal(domain.Xml, Domain.Parse(domain.Xml).Xml);
        string rest = Compact(domain.Xml).Replace(Compact(fragment), string.Empty, StringComparison.Ordinal);
        Assert.Equal(Compact(xml).Replace("<devices/>", string.Empty, StringComparison.Ordinal), rest.Replace("<devices></devices>", string.Empty, StringComparison.Ordinal).Replace("<devices/>", string.Empty, StringComparison.Ordinal));
    }

    private static string Compact(string xml) => BlanksBetweenTags().Replace(xml, "><").Trim();

    [GeneratedRegex(@">\s+<")]
    private static partial Regex BlanksBetweenTags();
}
