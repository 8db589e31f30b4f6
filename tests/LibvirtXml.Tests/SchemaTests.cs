using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Memory;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>libvirt's own schemas judge what is written here.</summary>
public sealed class SchemaTests
{
    private const string Schema = "/usr/share/libvirt/schemas/domain.rng";

    [Fact]
    public void Everything_that_is_written_validates_against_libvirts_schema()
    {
        Assert.SkipUnless(File.Exists(Schema), $"libvirt's schema {Schema} is not installed (package libvirt0).");
        Assert.SkipUnless(File.Exists("/usr/bin/xmllint"), "xmllint is not installed (package libxml2-utils).");
        bool knowsOpenFiles = File.ReadAllText("/usr/share/libvirt/schemas/domaincommon.rng").Contains("openfiles", StringComparison.Ordinal);
        using TemporaryFolder folder = new();
        int number = 0;
        foreach (string xml in SampleDomains.Generated())
        {
            Domain domain = Domain.Parse(xml);
            Change(domain, number, knowsOpenFiles);
            folder.Write($"{number++:d3}.xml", domain.Xml);
        }

        (int exitCode, string output) = Tool.Run("xmllint", ["--noout", "--relaxng", Schema, .. Directory.GetFiles(folder.Path).Order()]);

        Assert.True(exitCode == 0, string.Join('\n', output.Split('\n').Where(line => !line.EndsWith("validates", StringComparison.Ordinal)).Take(20)));
        Assert.True(number >= 200);
    }

    [Fact]
    public void Virt_xml_validate_accepts_the_full_set_of_elements()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/virt-xml-validate"), "virt-xml-validate is not installed (package libvirt-clients).");
        using TemporaryFolder folder = new();
        Domain domain = Domain.Parse(SampleDomains.Generated().First());
        for (int number = 0; number < 5; number++)
        {
            Change(domain, number, knowsOpenFiles: false);
        }

        (int exitCode, string output) = Tool.Run("virt-xml-validate", [folder.Write("d.xml", domain.Xml), "domain"]);

        Assert.True(exitCode == 0, output);
    }

    private static void Change(Domain domain, int number, bool knowsOpenFiles)
    {
        domain.SetMemoryBacking((number % 5) switch
        {
            0 => new MemoryBackingRequest { Shared = true },
            1 => new MemoryBackingRequest { Shared = true, HugePages = [new HugePage(ByteSize.Parse("2M"))], Allocation = MemoryAllocation.Immediate, AllocationThreads = 2 },
            2 => new MemoryBackingRequest { Shared = true, Source = MemorySource.File, Discard = true, Locked = true, NoSharePages = true },
            3 => new MemoryBackingRequest { NumaCells = [NumaCell.Parse("cpus=0-1,memory=512M,memAccess=shared,discard=yes", 0)] },
            _ => new MemoryBackingRequest { Shared = true, HugePages = [], Source = MemorySource.Default },
        });
        domain.AddFileSystem(new FileSystem
        {
            Tag = $"dir & <{number}>",
            SourceDirectory = "/srv/'quoted' \"place\"",
            AccessMode = FileSystemAccessMode.Passthrough,
            QueueSize = 512,
            Iommu = true,
            Ats = false,
            Packed = true,
            PagePerVq = true,
            BinaryPath = "/usr/lib/qemu/virtiofsd",
            Xattr = true,
            Cache = FileSystemCache.Always,
            Sandbox = FileSystemSandbox.Chroot,
            PosixLock = true,
            Flock = true,
            ThreadPoolSize = 4,
            OpenFilesMax = knowsOpenFiles ? 1000 : null,
            Alias = $"ua-dir.{number}",
            Address = domain.IsS390 ? new CcwAddress(new DeviceNumber(0, (ushort)(0x1a12 + number))) : new PciAddress(0, (byte)(9 + number % 200), 0, 0),
        });
        domain.AddFileSystem(new FileSystem { Tag = $"socket{number}", SourceSocket = "/run/s.sock" });
    }
}
