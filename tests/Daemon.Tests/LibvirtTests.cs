namespace VirtioFs.Daemon.Tests;

/// <summary>The program in libvirt's hands, as the binary of a file system.</summary>
public sealed class LibvirtTests(LibvirtHost host) : IClassFixture<LibvirtHost>, IDisposable
{
    private const string Program = "vhost-user-fs";
    private readonly string _name = $"vfs-{Guid.NewGuid():n}"[..12];
    private string? _shares;

    public void Dispose()
    {
        if (_shares is not null)
        {
            host.TryVirsh("destroy", _name);
            host.TryVirsh("undefine", _name);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("<cache mode='always'/>")]
    [InlineData("<cache mode='none'/>", "xattr='on'")]
    [InlineData("<sandbox mode='namespace'/>")]
    [InlineData("<sandbox mode='chroot'/>")]
    [InlineData("<lock posix='on' flock='on'/>", "xattr='off'")]
    [InlineData("<lock posix='off' flock='off'/>")]
    [InlineData("<thread_pool size='4'/>")]
    [InlineData("<cache mode='always'/><sandbox mode='namespace'/><lock posix='on' flock='on'/><thread_pool size='16'/>", "xattr='on'")]
    public void Libvirt_starts_stops_and_starts_again_a_guest_with_each_option(string options, string attributes = "")
    {
        Define(FileSystem("data", options, attributes));
        for (int round = 0; round < 2; round++)
        {
            host.Virsh("start", _name);
            Assert.NotEmpty(Running());
            host.Virsh("destroy", _name);
            ExpectNothingLeft();
        }
    }

    [Fact]
    public void A_guest_has_five_takes_another_while_it_runs_and_leaves_none_when_it_is_killed()
    {
        Define(string.Concat(Enumerable.Range(0, 5).Select(index => FileSystem($"data{index}", "<sandbox mode='namespace'/>"))));
        host.Virsh("start", _name);
        WaitForShares(5);
        string more = Path.Combine(host.Folder, "more.xml");
        File.WriteAllText(more, FileSystem("more", "<lock posix='on' flock='on'/>"));
        host.Virsh("attach-device", _name, more, "--live");
        WaitForShares(6);
        LibvirtHost.Kill("KILL", Assert.Single(LibvirtHost.FindProcesses("qemu-system-x86_64", _name)));
        ExpectNothingLeft();
    }

    [Fact]
    public void A_guest_outlives_a_restart_of_libvirt_and_leaves_nothing()
    {
        Define(FileSystem("data", "<sandbox mode='namespace'/>"));
        host.Virsh("start", _name);
        IReadOnlyList<int> before = Running();
        host.Restart();
        Assert.Equal(before, Running());
        Assert.Contains("running", host.Virsh("domstate", _name));
        host.Virsh("destroy", _name);
        ExpectNothingLeft();
    }

    private IReadOnlyList<int> Running() => LibvirtHost.FindProcesses(Program, _shares!);

    private void WaitForShares(int count) => LibvirtHost.WaitUntil(
        () => Enumerable.Range(0, 6).Select(index => index == 5 ? "more" : $"data{index}")
            .Count(tag => LibvirtHost.FindProcesses(Program, $"{_shares}/{tag}").Count > 0) == count,
        $"there were not {count} shares");

    private void ExpectNothingLeft() => LibvirtHost.WaitUntil(() => Running().Count == 0, "a process of a share was left over");

    private string FileSystem(string tag, string options, string attributes = "")
    {
        Assert.SkipUnless(host.Lack is null, host.Lack ?? string.Empty);
        _shares ??= Path.Combine(host.Folder, _name);
        string directory = Directory.CreateDirectory(Path.Combine(_shares, tag)).FullName;
        return $"""
            <filesystem type='mount' accessmode='passthrough'>
              <driver type='virtiofs'/><binary path='{RunningProgram.Executable}' {attributes}>{options}</binary>
              <source dir='{directory}'/><target dir='{tag}'/>
            </filesystem>
            """;
    }

    private void Define(string fileSystems)
    {
        string ports = string.Concat(Enumerable.Repeat("<controller type='pci' model='pcie-root-port'/>", 9));
        string file = Path.Combine(host.Folder, $"{_name}.xml");
        File.WriteAllText(file, $"""
            <domain type='qemu'>
              <name>{_name}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
              <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
              <os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
              <devices>
                <emulator>/usr/bin/qemu-system-x86_64</emulator>
                <controller type='pci' index='0' model='pcie-root'/>{ports}
                <controller type='usb' model='none'/><memballoon model='none'/>{fileSystems}
              </devices>
            </domain>
            """);
        host.Virsh("define", file);
    }
}
