using VirtioFs.LibvirtXml.FileSystems;

namespace VirtioFs.LibvirtXml.Tests;

public sealed class FileSystemTests
{
    private const string Shared = "<domain type='kvm'>\n  <name>a</name>\n  <memoryBacking>\n    <access mode='shared'/>\n  </memoryBacking>\n  <os>\n    <type arch='x86_64'>hvm</type>\n  </os>\n  <devices>\n    <disk>\n      <target dev='vda' bus='virtio'/>\n      <boot order='1'/>\n      <alias name='ua-disk'/>\n      <address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x0'/>\n    </disk>\n  </devices>\n</domain>\n";

    private static FileSystem Ordinary => new() { Tag = "share", SourceDirectory = "/srv" };

    public static TheoryData<string, string, FileSystem> Refused => new()
    {
        { "TagMissing", "missing tag property", Ordinary with { Tag = null } },
        { "TagEmpty", "tag property cannot be empty", Ordinary with { Tag = "" } },
        { "TagTooLong", "tag property must be 36 bytes or less", Ordinary with { Tag = new string('x', 37) } },
        { "TagTooLong", "38 bytes", Ordinary with { Tag = new string('ä', 19) } },
        { "QueueSizeNotPowerOfTwo", "queue-size property must be a power of 2", Ordinary with { QueueSize = 1000 } },
        { "QueueSizeNotPowerOfTwo", "queue-size property must be a power of 2", Ordinary with { QueueSize = 0 } },
        { "QueueSizeTooLarge", "queue-size property must be 1024 or smaller", Ordinary with { QueueSize = 2048 } },
        { "QueueSizeTooLarge", "queue-size property must be 1024 or smaller", Ordinary with { QueueSize = 5000 } },
        { "SourceMissing", "no source", Ordinary with { SourceDirectory = null } },
        { "TwoSources", "only one of them", Ordinary with { SourceSocket = "/s" } },
        { "RelativeSource", "not absolute", Ordinary with { SourceDirectory = "srv" } },
        { "RelativeSocket", "not absolute", Ordinary with { SourceDirectory = null, SourceSocket = "s" } },
        { "ReadOnlySocket", "read-only", Ordinary with { SourceDirectory = null, SourceSocket = "/s", ReadOnly = true } },
        { "OnlyPassthrough", "virtiofs only supports passthrough accessmode", Ordinary with { AccessMode = FileSystemAccessMode.Mapped } },
        { "OnlyMount", "only supports mount filesystem type", Ordinary with { Type = "bind" } },
        { "NotVirtioFs", "only virtiofs", Ordinary with { DriverType = "path" } },
        { "RelativeBinary", "absolute", Ordinary with { BinaryPath = "virtiofsd" } },
        { "InvalidThreadPool", "negative", Ordinary with { ThreadPoolSize = -1 } },
        { "InvalidOpenFiles", "positive", Ordinary with { OpenFilesMax = 0 } },
        { "OneSidedIdMap", "uid and gid should be mapped both", Ordinary with { UidMap = [new(0, 1, 1)] } },
        { "OverlappingIdMap", "overlaps", Ordinary with { UidMap = [new(0, 1, 10), new(5, 100, 1)], GidMap = [new(0, 1, 1)] } },
        { "InvalidIdMap", "32 bits", Ordinary with { UidMap = [new(uint.MaxValue, 1, 10)], GidMap = [new(0, 1, 1)] } },
        { "InvalidAlias", "'ua-'", Ordinary with { Alias = "fs0" } },
        { "DuplicateAlias", "non unique alias detected", Ordinary with { Alias = "ua-disk" } },
        { "InvalidBootOrder", "expecting positive integer", Ordinary with { BootOrder = 0 } },
        { "DuplicateBootOrder", "boot order '1' used for more than one device", Ordinary with { BootOrder = 1 } },
        { "BootOrderNotPci", "PCI", Ordinary with { BootOrder = 2, Address = new CcwAddress(DeviceNumber.Parse("fe.0.0001")) } },
        { "CcwNotAvailable", "s390x", Ordinary with { Address = new CcwAddress(DeviceNumber.Parse("fe.0.0001")) } },
        { "DuplicatePciAddress", "Attempted double use of PCI Address 0000:04:00.0", Ordinary with { Address = PciAddress.Parse("04:00.0") } },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_libvirt_or_qemu_would_refuse_is_refused_first_in_their_words(string errorId, string words, FileSystem fileSystem)
    {
        Domain domain = Domain.Parse(Shared);

        DomainRuleException exception = Assert.Throws<DomainRuleException>(() => domain.AddFileSystem(fileSystem));

        Assert.Equal(errorId, exception.ErrorId);
        Assert.Contains(words, exception.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", exception.Message, StringComparison.Ordinal);
        Assert.Equal(Shared, domain.Xml);
    }

    [Fact]
    public void A_tag_of_exactly_36_bytes_and_every_power_of_two_up_to_1024_are_taken()
    {
        foreach (int size in new[] { 1, 2, 64, 128, 512, 1024 })
        {
            Domain domain = Domain.Parse(Shared);
            domain.AddFileSystem(Ordinary with { Tag = new string('x', 36), QueueSize = size });
            Assert.Equal(size, Assert.Single(domain.FileSystems).QueueSize);
        }
    }

    [Fact]
    public void A_tag_is_unique_among_all_file_systems_9p_included()
    {
        Domain domain = Domain.Parse(SampleDomains.Handwritten["with 9p"]);

        FileSystem nine = Assert.Single(domain.FileSystems);
        Assert.False(nine.IsVirtioFs);
        Assert.True(nine.ReadOnly);
        DomainRuleException exception = Assert.Throws<DomainRuleException>(() => domain.AddFileSystem(Ordinary with { Tag = "nine" }));
        Assert.Equal("DuplicateTag", exception.ErrorId);
        Assert.Contains("filesystem target 'nine' specified twice", exception.Message, StringComparison.Ordinal);
        Assert.Equal("NotVirtioFs", Assert.Throws<DomainRuleException>(() => domain.SetFileSystem(nine, nine with { QueueSize = 1024 })).ErrorId);
    }

    [Fact]
    public void A_boot_order_next_to_os_boot_is_refused()
    {
        Domain domain = Domain.Parse(SampleDomains.Handwritten["as virsh dumpxml writes it"]);

        DomainRuleException exception = Assert.Throws<DomainRuleException>(() => domain.AddFileSystem(Ordinary with { BootOrder = 1 }));

        Assert.Contains("per-device boot elements cannot be used together with os/boot elements", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_number_is_refused_when_another_device_has_it()
    {
        Domain domain = Domain.Parse(SampleDomains.Handwritten["for IBM Z"]);

        DomainRuleException exception = Assert.Throws<DomainRuleException>(
            () => domain.AddFileSystem(Ordinary with { Address = new CcwAddress(DeviceNumber.Parse("fe.0.d501")) }));

        Assert.Contains("The CCW devno 'fe.0.d501' is in use already", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mixing_devices_with_and_without_numbers_is_warned_about()
    {
        Domain numbered = Domain.Parse(SampleDomains.Handwritten["for IBM Z"]);
        Domain mixed = Domain.Parse(SampleDomains.Handwritten["for IBM Z"]);

        ChangeResult good = numbered.AddFileSystem(Ordinary with { Address = new CcwAddress(DeviceNumber.Parse("fe.0.1a12")) });
        ChangeResult bad = mixed.AddFileSystem(Ordinary);

        Assert.DoesNotContain(good.Warnings, advice => advice.Id == "MixedDeviceNumbers");
        Assert.Contains(bad.Warnings, advice => advice.Id == "MixedDeviceNumbers");
        Assert.Equal("0.0.1a12", numbered.GetFileSystem("share").GuestDeviceNumber);
    }

    [Fact]
    public void A_domain_without_shared_memory_is_warned_about_with_libvirts_words()
    {
        Domain domain = Domain.Parse("<domain><name>a</name><devices/></domain>");

        Advice advice = Assert.Single(domain.AddFileSystem(Ordinary).Warnings);

        Assert.Equal("SharedMemoryRequired", advice.Id);
        Assert.Contains("'virtiofs' requires shared memory", advice.Message, StringComparison.Ordinal);
        Assert.Empty(Domain.Parse(Shared).AddFileSystem(Ordinary).Warnings);
    }

    [Fact]
    public void Lock_options_and_daemon_options_behind_a_socket_are_warned_about()
    {
        ChangeResult locks = Domain.Parse(Shared).AddFileSystem(Ordinary with { Flock = true });
        ChangeResult ignored = Domain.Parse(Shared).AddFileSystem(new FileSystem { Tag = "s", SourceSocket = "/s", Cache = FileSystemCache.Always });

        ChangeResult served = Domain.Parse(Shared).AddFileSystem(Ordinary with { Flock = true, BinaryPath = "/opt/VirtioFs/bin/vhost-user-fs" });
        ChangeResult wrapped = Domain.Parse(Shared).AddFileSystem(Ordinary with { PosixLock = false, BinaryPath = "/opt/wrapper" });

        Assert.Equal("LockOptions", Assert.Single(locks.Warnings).Id);
        Assert.Empty(served.Warnings);
        Assert.Equal("LockOptions", Assert.Single(wrapped.Warnings).Id);
        Assert.Equal("DaemonOptionsIgnored", Assert.Single(ignored.Warnings).Id);
    }

    [Fact]
    public void Setting_and_clearing_each_property_touches_its_own_element_only()
    {
        Domain domain = Domain.Parse(Shared);
        domain.AddFileSystem(Ordinary);
        string before = domain.Xml;
        (FileSystem With, string Text)[] cases =
        [
            (Ordinary with { QueueSize = 1024 }, "queue='1024'"),
            (Ordinary with { Iommu = true }, "iommu='on'"),
            (Ordinary with { Packed = false }, "packed='off'"),
            (Ordinary with { BinaryPath = "/b" }, "<binary path='/b'/>"),
            (Ordinary with { Cache = FileSystemCache.Always }, "<cache mode='always'/>"),
            (Ordinary with { Sandbox = FileSystemSandbox.Namespace }, "<sandbox mode='namespace'/>"),
            (Ordinary with { ThreadPoolSize = 0 }, "<thread_pool size='0'/>"),
            (Ordinary with { OpenFilesMax = 1024 }, "<openfiles max='1024'/>"),
            (Ordinary with { UidMap = [new(0, 1, 2)], GidMap = [new(3, 4, 5)] }, "<gid start='3' target='4' count='5'/>"),
            (Ordinary with { ReadOnly = true }, "<readonly/>"),
            (Ordinary with { BootOrder = 2 }, "<boot order='2'/>"),
            (Ordinary with { Address = PciAddress.Parse("08:00.0") }, "<address type='pci' domain='0x0000' bus='0x08' slot='0x00' function='0x0'/>"),
            (Ordinary with { AccessMode = FileSystemAccessMode.Passthrough }, "<filesystem type='mount' accessmode='passthrough'>"),
            (Ordinary with { Tag = "other" }, "<target dir='other'/>"),
        ];
        foreach ((FileSystem with, string text) in cases)
        {
            ChangeResult result = domain.SetFileSystem(domain.FileSystems[0], with);
            Assert.Contains(text, domain.Xml, StringComparison.Ordinal);
            Assert.NotEmpty(result.Changes);
            domain.SetFileSystem(domain.FileSystems[0], Ordinary);
            Assert.Equal(before, domain.Xml);
        }
    }

    [Fact]
    public void A_directory_is_exchanged_for_a_socket_in_place()
    {
        Domain domain = Domain.Parse(Shared);
        domain.AddFileSystem(Ordinary);
        FileSystem present = domain.GetFileSystem("share");

        domain.SetFileSystem(present, present with { SourceDirectory = null, SourceSocket = "/run/s" });

        Assert.Contains("<source socket='/run/s'/>", domain.Xml, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_understood_in_a_file_system_survives_a_change()
    {
        string xml = "<domain><name>a</name><devices><filesystem type='mount' new='x'><driver type='virtiofs' queues='4'/><binary><cache mode='auto'/></binary>" +
            "<source dir='/a'/><target dir='t'/><dax size='1'/><acpi index='3'/><address type='spapr-vio' reg='0x1'/></filesystem></devices></domain>";
        Domain domain = Domain.Parse(xml);
        FileSystem present = domain.GetFileSystem("t");

        domain.SetFileSystem(present, present with { QueueSize = 256 });

        Assert.Equal(xml.Replace("queues='4'/>", "queues='4' queue='256'/>", StringComparison.Ordinal), domain.Xml);
    }

    [Fact]
    public void A_tag_that_is_not_there_is_an_error_that_names_those_that_are()
    {
        Domain domain = Domain.Parse(Shared);
        domain.AddFileSystem(Ordinary);

        DomainRuleException exception = Assert.Throws<DomainRuleException>(() => domain.GetFileSystem("none"));

        Assert.Equal("The domain 'a' has no file system with the tag 'none'. It has 'share'.", exception.Message);
    }

    [Theory]
    [InlineData("two\nlines", "/srv", null)]
    [InlineData("t", "/srv/a\tb", null)]
    [InlineData("t", "/srv", "/bin/\rd")]
    public void What_libvirt_would_read_back_as_another_name_is_refused(string tag, string directory, string? binary) =>
        Assert.Equal(
            "LineEndInValue",
            Assert.Throws<DomainRuleException>(() => Domain.Parse("<domain><name>a</name></domain>").AddFileSystem(
                new FileSystem { Tag = tag, SourceDirectory = directory, BinaryPath = binary })).ErrorId);
}
