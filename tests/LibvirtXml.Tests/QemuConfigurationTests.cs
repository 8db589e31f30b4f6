using VirtioFs.LibvirtXml.Host;

namespace VirtioFs.LibvirtXml.Tests;

public sealed class QemuConfigurationTests
{
    private const string Shipped = """
        # Master configuration file for the QEMU driver.
        #default_tls_x509_cert_dir = "/etc/pki/qemu"

        # If provided by the host and a hugetlbfs mount point is configured,
        #hugetlbfs_mount = "/dev/hugepages"
        #
        # Multiple mounts may be given:
        #
        #     hugetlbfs_mount = ["/dev/hugepages2M", "/dev/hugepages1G"]

        user = "libvirt-qemu"   # who

        # This directory is used for memoryBacking source if configured as file.
        # NOTE: big files will be stored here
        #memory_backing_dir = "/var/lib/libvirt/qemu/ram"

        # Path to the SCSI persistent reservations helper.
        #pr_helper = "/usr/bin/qemu-pr-helper"

        """;

    [Fact]
    public void What_is_not_set_reads_as_unset_and_is_inserted_behind_its_example()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("qemu.conf", Shipped);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        QemuConfiguration configuration = QemuConfiguration.Load(path);
        Assert.Null(configuration.MemoryBackingDirectory);
        Assert.Null(configuration.HugetlbfsMounts);

        configuration.SetMemoryBackingDirectory("/dev/shm/");

        Assert.Equal(
            Shipped.Replace("/qemu/ram\"\n", "/qemu/ram\"\nmemory_backing_dir = \"/dev/shm/\"\n", StringComparison.Ordinal),
            configuration.Text);
        Assert.Equal("memory_backing_dir: (none) -> \"/dev/shm/\"", Assert.Single(configuration.Changes).ToString());
        Assert.Equal(Shipped, File.ReadAllText(path));

        string? backup = configuration.Save();
        Assert.Equal(path + ".bak", backup);
        Assert.Equal(Shipped, File.ReadAllText(backup!));
        Assert.Equal("/dev/shm/", QemuConfiguration.Load(path).MemoryBackingDirectory);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(backup!));
    }

    [Fact]
    public void A_set_value_is_replaced_in_place_and_a_second_backup_does_not_overwrite_the_first()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("qemu.conf", "a = 1\r\n memory_backing_dir='/old' # mine\r\nhugetlbfs_mount = [\n  \"/dev/hugepages2M\",\n  \"/dev/hugepages1G\"\n]\nlast = 1");
        QemuConfiguration first = QemuConfiguration.Load(path);
        Assert.Equal("/old", first.MemoryBackingDirectory);
        Assert.Equal(["/dev/hugepages2M", "/dev/hugepages1G"], first.HugetlbfsMounts);

        first.SetMemoryBackingDirectory("/new");
        first.Save();
        QemuConfiguration second = QemuConfiguration.Load(path);
        second.SetHugetlbfsMounts(["/mnt/größe"]);
        string? backup = second.Save();

        Assert.Equal("a = 1\r\n memory_backing_dir=\"/new\" # mine\r\nhugetlbfs_mount = \"/mnt/größe\"\nlast = 1", File.ReadAllText(path));
        Assert.Equal(path + ".bak.1", backup);
        Assert.Equal(["/mnt/größe"], QemuConfiguration.Load(path).HugetlbfsMounts);
    }

    [Fact]
    public void Unsetting_removes_the_line_and_saving_nothing_writes_nothing()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("qemu.conf", "a = 1\nmemory_backing_dir = \"/x\"\nb = 2\n");
        QemuConfiguration configuration = QemuConfiguration.Load(path);

        configuration.SetMemoryBackingDirectory(null);
        configuration.Save();

        Assert.Equal("a = 1\nb = 2\n", File.ReadAllText(path));
        Assert.Null(QemuConfiguration.Load(path).Save());
    }

    [Fact]
    public void A_file_that_is_not_there_is_made()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "qemu.conf");
        QemuConfiguration configuration = QemuConfiguration.Load(path);

        configuration.SetHugetlbfsMounts(["/a", "/b"]);

        Assert.Null(configuration.Save());
        Assert.Equal("hugetlbfs_mount = [\"/a\", \"/b\"]\n", File.ReadAllText(path));
    }

    [Theory]
    [InlineData("relative")]
    [InlineData("/with\0nul")]
    [InlineData("/all 'kinds' \"\"\" of quotes")]
    [InlineData("/'ends' with one\"")]
    public void A_path_that_the_file_cannot_carry_is_refused(string directory)
    {
        using TemporaryFolder folder = new();

        HostMemoryException exception = Assert.Throws<HostMemoryException>(
            () => QemuConfiguration.Load(Path.Combine(folder.Path, "q")).SetMemoryBackingDirectory(directory));

        Assert.Equal("InvalidPath", exception.ErrorId);
    }

    [Theory]
    [InlineData("memory_backing_dir = \"/first\"\nmemory_backing_dir = \"/second\"\n", "/first")]
    [InlineData("a=1;memory_backing_dir='/first';memory_backing_dir='/second'", "/first")]
    [InlineData("note = \"\"\"\nmemory_backing_dir = \"/text\"\n\"\"\"\nmemory_backing_dir = \"/real\"\n", "/real")]
    [InlineData("memory_backing_dir = \"\"\"/a\nb\"\"\"\n", "/a\nb")]
    [InlineData("# memory_backing_dir = \"/comment\"\n", null)]
    [InlineData("list = [\n 'memory_backing_dir = x',\n]\n", null)]
    [InlineData("memory_backing_dir = \"/with # no comment\" # comment\n", "/with # no comment")]
    public void The_assignment_that_counts_is_the_one_libvirt_reads(string text, string? directory)
    {
        using TemporaryFolder folder = new();
        QemuConfiguration configuration = QemuConfiguration.Load(folder.Write("qemu.conf", text));
        Assert.Equal(directory, configuration.MemoryBackingDirectory);

        configuration.SetMemoryBackingDirectory("/set");
        Assert.Equal("/set", configuration.MemoryBackingDirectory);
        Assert.Contains("memory_backing_dir", Assert.Single(configuration.Changes).Setting, StringComparison.Ordinal);

        configuration.SetMemoryBackingDirectory(null);
        Assert.Null(configuration.MemoryBackingDirectory);
        Assert.DoesNotContain("/second", configuration.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_with_a_bracket_is_one_of_a_list_as_any_other()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("qemu.conf", "hugetlbfs_mount = [ \"/dev/huge]2M\", '/dev/[huge]\"1G', ]\nlast = 1\n");
        QemuConfiguration configuration = QemuConfiguration.Load(path);
        Assert.Equal(["/dev/huge]2M", "/dev/[huge]\"1G"], configuration.HugetlbfsMounts);

        configuration.SetHugetlbfsMounts(["/a]b", "/c'd", "/e\"f", "/g#h"]);
        configuration.Save();

        Assert.Equal("hugetlbfs_mount = [\"/a]b\", \"/c'd\", '/e\"f', \"/g#h\"]\nlast = 1\n", File.ReadAllText(path));
        Assert.Equal(["/a]b", "/c'd", "/e\"f", "/g#h"], QemuConfiguration.Load(path).HugetlbfsMounts);
    }

    [Theory]
    [InlineData("memory_backing_dir = /bare\n", 1)]
    [InlineData("a = 1\nmemory_backing_dir = 5\n", 0)]
    [InlineData("a = 1\nb = \"open\n", 2)]
    [InlineData("a = 1\n\nb = [ 'x'\n 'y' ]\n", 4)]
    [InlineData("memory_backing_dir = ['/a']\n", 0)]
    [InlineData("a = [[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]\n", 1)]
    public void A_file_that_libvirt_would_refuse_is_an_error_that_says_where(string text, int line)
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("qemu.conf", text);

        HostMemoryException exception = Assert.Throws<HostMemoryException>(() => QemuConfiguration.Load(path));

        Assert.Equal("QemuConfigurationMalformed", exception.ErrorId);
        Assert.Contains(line == 0 ? "is not a string" : $"at line {line} ", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_copy_of_the_old_file_is_nobodys_who_could_not_read_the_file()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("qemu.conf", "vnc_password = \"secret\"\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        bool hasList = File.Exists("/usr/bin/setfacl") && Tool.Run("/usr/bin/setfacl", ["-m", "u:daemon:r", path]).ExitCode == 0;
        QemuConfiguration configuration = QemuConfiguration.Load(path);
        configuration.SetMemoryBackingDirectory("/x");

        string backup = configuration.Save()!;

        Assert.Equal(File.GetUnixFileMode(path), File.GetUnixFileMode(backup));
        Assert.Equal(hasList, hasList && Tool.Run("/usr/bin/getfacl", ["-p", backup]).Output.Contains("user:daemon:r--", StringComparison.Ordinal));
    }

    [Fact]
    public void A_change_of_somebody_else_is_not_undone()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("qemu.conf", "a = 1\n");
        QemuConfiguration configuration = QemuConfiguration.Load(path);
        configuration.SetMemoryBackingDirectory("/x");
        File.WriteAllText(path, "a = 22\n");

        Assert.Equal("FileChanged", Assert.Throws<DomainRuleException>(() => configuration.Save()).ErrorId);
        Assert.Equal("a = 22\n", File.ReadAllText(path));
        Assert.Equal(path, Assert.Single(Directory.GetFiles(folder.Path)));
    }
}
