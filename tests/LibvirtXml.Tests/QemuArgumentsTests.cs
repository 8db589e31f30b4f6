using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Memory;
using VirtioFs.LibvirtXml.Vmm;

namespace VirtioFs.LibvirtXml.Tests;

public sealed class QemuArgumentsTests
{
    private static readonly FileSystem BySocket = new() { Tag = "T", SourceSocket = "/run/s.sock" };

    private static Domain New(MemoryBackingRequest? memory = null, string type = "<type arch='x86_64' machine='q35'>hvm</type>")
    {
        Domain domain = Domain.Parse($"<domain type='kvm'><name>a</name><memory unit='GiB'>4</memory><vcpu>8</vcpu><os>{type}</os><devices/></domain>");
        domain.SetMemoryBacking(memory ?? new MemoryBackingRequest { Shared = true });
        return domain;
    }

    [Fact]
    public void Shared_memfd_and_a_pci_device()
    {
        Domain domain = New();
        domain.AddFileSystem(BySocket with { QueueSize = 1024 });

        Assert.Equal(
            "-m 4G -object memory-backend-memfd,id=mem,size=4G,share=on -machine memory-backend=mem " +
            "-chardev socket,id=char-vfs0,path=/run/s.sock -device vhost-user-fs-pci,chardev=char-vfs0,tag=T,id=vfs0,queue-size=1024,num-request-queues=4",
            QemuArguments.From(domain, new QemuOptions { RequestQueues = 4 }).CommandLine);
    }

    [Fact]
    public void Hugepages_come_from_memfd_with_their_size()
    {
        Domain domain = New(new MemoryBackingRequest { Shared = true, HugePages = [new HugePage(ByteSize.Parse("2M"))] });

        Assert.Contains(
            "memory-backend-memfd,id=mem,size=4G,share=on,hugetlb=on,hugetlbsize=2M,prealloc=on",
            QemuArguments.From(domain).CommandLine,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Hugepages_without_a_source_and_file_backing_are_files()
    {
        Domain huge = New(new MemoryBackingRequest { Shared = true, Source = MemorySource.Default, HugePages = [] });
        Domain file = New(new MemoryBackingRequest { Shared = true, Source = MemorySource.File, Discard = true });

        Assert.Contains("memory-backend-file,id=mem,size=4G,mem-path=/dev/hugepages,share=on,prealloc=on", QemuArguments.From(huge).CommandLine, StringComparison.Ordinal);
        Assert.Contains(
            "memory-backend-file,id=mem,size=4G,mem-path=/ram,share=on,discard-data=on",
            QemuArguments.From(file, new QemuOptions { MemoryDirectory = "/ram" }).CommandLine,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Numa_cells_have_a_backend_each()
    {
        Domain domain = New(new MemoryBackingRequest
        {
            Shared = true,
            NumaCells = [NumaCell.Parse("id=0,cpus=0-2,6,memory=1G", 0), NumaCell.Parse("id=1,cpus=3-5,7,memory=3G", 1)],
        });

        Assert.Equal(
            "-m 4G -object memory-backend-memfd,id=ram-node0,size=1G,share=on -numa node,nodeid=0,cpus=0-2,cpus=6,memdev=ram-node0 " +
            "-object memory-backend-memfd,id=ram-node1,size=3G,share=on -numa node,nodeid=1,cpus=3-5,cpus=7,memdev=ram-node1",
            QemuArguments.From(domain).CommandLine);
    }

    [Fact]
    public void An_s390x_guest_gets_a_ccw_device_with_its_number()
    {
        Domain domain = New(type: "<type arch='s390x' machine='s390-ccw-virtio'>hvm</type>");
        domain.AddFileSystem(BySocket with { Address = new CcwAddress(DeviceNumber.Parse("fe.0.1a12")) });

        Assert.Contains("-device vhost-user-fs-ccw,chardev=char-vfs0,tag=T,id=vfs0,devno=fe.0.1a12", QemuArguments.From(domain).CommandLine, StringComparison.Ordinal);
    }

    [Fact]
    public void Commas_are_doubled_and_the_shell_line_is_quoted()
    {
        VmmArguments arguments = QemuArguments.From(new FileSystem { Tag = "a,b c", SourceSocket = "/run/it's,here" });

        Assert.Equal("socket,id=char-vfs0,path=/run/it's,,here", arguments.Arguments[1]);
        Assert.Equal(@"-chardev 'socket,id=char-vfs0,path=/run/it'\''s,,here' -device 'vhost-user-fs-pci,chardev=char-vfs0,tag=a,,b c,id=vfs0'", arguments.CommandLine);
    }

    [Fact]
    public void What_qemu_would_refuse_is_refused_first()
    {
        Domain withoutSharing = Domain.Parse("<domain><name>a</name><memory>1</memory></domain>");
        withoutSharing.AddFileSystem(BySocket);
        Assert.Equal("SharedMemoryRequired", Assert.Throws<DomainRuleException>(() => QemuArguments.From(withoutSharing)).ErrorId);
        Assert.Equal("SocketRequired", Assert.Throws<DomainRuleException>(() => QemuArguments.From(new FileSystem { Tag = "d", SourceDirectory = "/d" })).ErrorId);
        DomainRuleException queues = Assert.Throws<DomainRuleException>(() => QemuArguments.From(BySocket, new QemuOptions { RequestQueues = 0 }));
        Assert.Contains("num-request-queues property must be larger than 0", queues.Message, StringComparison.Ordinal);
        Assert.Equal("WrongBus", Assert.Throws<DomainRuleException>(() => QemuArguments.From(BySocket with { Address = PciAddress.Parse("1:0.0") }, new QemuOptions { Ccw = true })).ErrorId);
        DomainRuleException size = Assert.Throws<DomainRuleException>(() => QemuArguments.From(BySocket with { QueueSize = 100 }));
        Assert.Contains("queue-size property must be a power of 2", size.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_is_served_by_the_socket_that_is_named_for_its_tag()
    {
        VmmArguments arguments = QemuArguments.From(
            new FileSystem { Tag = "d", SourceDirectory = "/d" },
            new QemuOptions { Sockets = new Dictionary<string, string> { ["d"] = "/run/d" } });

        Assert.Contains("path=/run/d", arguments.CommandLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_real_qemu_takes_the_memory_arguments()
    {
        string qemu = Tool.Require("qemu-system-x86_64", "qemu-system-x86");
        MemoryBackingRequest[] requests =
        [
            new() { Shared = true },
            new() { Shared = true, Source = MemorySource.File, Discard = true, NoSharePages = true, Allocation = MemoryAllocation.Immediate, AllocationThreads = 2 },
            new() { Shared = true, NumaCells = [NumaCell.Parse("id=0,cpus=0-2,6,memory=32M", 0), NumaCell.Parse("id=1,cpus=3-5,7,memory=32M", 1)] },
        ];
        foreach (MemoryBackingRequest request in requests)
        {
            Domain domain = Domain.Parse("<domain><name>a</name><memory unit='MiB'>64</memory><vcpu>8</vcpu></domain>");
            domain.SetMemoryBacking(request);
            VmmArguments arguments = QemuArguments.From(domain);

            (int exitCode, string output) = Tool.Run(
                qemu, ["-machine", "q35", "-smp", "8", "-display", "none", "-nodefaults", "-S", "-monitor", "stdio", .. arguments.Arguments], "info memdev\nquit\n");

            Assert.True(exitCode == 0, $"{arguments}\n{output}");
            Assert.Contains("share: true", output, StringComparison.Ordinal);
        }
    }
}
