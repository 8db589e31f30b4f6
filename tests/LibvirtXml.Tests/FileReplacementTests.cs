using System.Diagnostics;
using System.Text;
using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Host;
using VirtioFs.LibvirtXml.Memory;
using VirtioFs.LibvirtXml.Wrappers;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>What must hold whenever a file is written, tried with domains in files.</summary>
public sealed class FileReplacementTests
{
    private const string Xml = "<domain>\n  <name>a</name>\n</domain>\n";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public void The_access_list_the_mode_the_owner_and_the_attributes_of_a_replaced_file_stay()
    {
        string setfacl = Tool.Require("setfacl", "acl");
        string getfacl = Tool.Require("getfacl", "acl");
        string setfattr = Tool.Require("setfattr", "attr");
        string getfattr = Tool.Require("getfattr", "attr");
        using TemporaryFolder folder = new();
        string path = folder.Write("d.xml", Xml);
        File.SetUnixFileMode(path, OwnerOnly | UnixFileMode.GroupRead);
        Assert.SkipWhen(Tool.Run(setfacl, ["-m", "u:daemon:rw,g::---,m::rw", path]).ExitCode != 0, "The file system has no access lists.");
        Assert.SkipWhen(Tool.Run(setfattr, ["-n", "user.note", "-v", "kept", path]).ExitCode != 0, "The file system has no user attributes.");
        if (Environment.IsPrivilegedProcess)
        {
            _ = Tool.Run("/bin/chown", ["daemon:sys", path]);
        }

        string listBefore = Tool.Run(getfacl, ["-p", path]).Output;
        string attributesBefore = Tool.Run(getfattr, ["-d", "-m", "-", path]).Output;

        Change(path);

        Assert.Equal(listBefore, Tool.Run(getfacl, ["-p", path]).Output);
        Assert.Equal(attributesBefore, Tool.Run(getfattr, ["-d", "-m", "-", path]).Output);
        Assert.Contains("user.note=\"kept\"", attributesBefore, StringComparison.Ordinal);
        Assert.Contains("group::---", listBefore, StringComparison.Ordinal);
        Assert.Equal("shared", Reread(path));
    }

    [Fact]
    public void A_file_without_an_access_list_gets_none_from_its_folder()
    {
        string setfacl = Tool.Require("setfacl", "acl");
        string getfacl = Tool.Require("getfacl", "acl");
        using TemporaryFolder folder = new();
        string path = folder.Write("d.xml", Xml);
        File.SetUnixFileMode(path, OwnerOnly | UnixFileMode.GroupRead);
        Assert.SkipWhen(Tool.Run(setfacl, ["-d", "-m", "u:daemon:rwx", folder.Path]).ExitCode != 0, "The file system has no access lists.");
        string before = Tool.Run(getfacl, ["-p", path]).Output;

        Change(path);

        Assert.Equal(before, Tool.Run(getfacl, ["-p", path]).Output);
    }

    [Fact]
    public void A_security_label_stays()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root sets labels.");
        string setfattr = Tool.Require("setfattr", "attr");
        using TemporaryFolder folder = new();
        string path = folder.Write("d.xml", Xml);
        bool canLabel = Tool.Run(setfattr, ["-n", "security.selinux", "-v", "system_u:object_r:virt_etc_t:s0", path]).ExitCode == 0
            && Tool.Run(setfattr, ["-n", "trusted.note", "-v", "kept", path]).ExitCode == 0;
        Assert.SkipUnless(canLabel, "The file system has no labels.");

        Change(path);

        string after = Tool.Run(Tool.Require("getfattr", "attr"), ["-d", "-m", "-", path]).Output;
        Assert.Contains("security.selinux=\"system_u:object_r:virt_etc_t:s0\"", after, StringComparison.Ordinal);
        Assert.Contains("trusted.note=\"kept\"", after, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_file_follows_the_umask_of_the_process()
    {
        using TemporaryFolder folder = new();
        string mask = File.ReadLines("/proc/self/status").First(line => line.StartsWith("Umask:", StringComparison.Ordinal))["Umask:".Length..].Trim();
        string path = Path.Combine(folder.Path, "new.xml");

        DomainFile.Write(path, Domain.Parse(Xml));

        Assert.Equal(Convert.ToInt32("666", 8) & ~Convert.ToInt32(mask, 8), (int)File.GetUnixFileMode(path));
    }

    [Fact]
    public void A_link_within_its_folder_is_followed_and_stays_a_link()
    {
        using TemporaryFolder folder = new();
        string real = folder.Write("below/real.xml", Xml);
        string relative = Path.Combine(folder.Path, "relative.xml");
        string absolute = Path.Combine(folder.Path, "absolute.xml");
        File.CreateSymbolicLink(relative, "below/real.xml");
        File.CreateSymbolicLink(absolute, real);

        Change(relative);
        DomainFile.Write(absolute, Domain.Parse(File.ReadAllText(real) + "<!-- absolute -->"));

        Assert.Equal("below/real.xml", new FileInfo(relative).LinkTarget);
        Assert.Equal(real, new FileInfo(absolute).LinkTarget);
        Assert.EndsWith("<!-- absolute -->", File.ReadAllText(real), StringComparison.Ordinal);
        Assert.Equal("shared", Reread(real));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(real)!));
    }

    [Theory]
    [InlineData("../outside/victim.xml")]
    [InlineData("/dev/null")]
    [InlineData("nowhere.xml")]
    public void A_link_that_leads_out_of_its_folder_or_nowhere_is_not_followed(string target)
    {
        using TemporaryFolder folder = new();
        string victim = folder.Write("outside/victim.xml", Xml);
        Directory.CreateDirectory(Path.Combine(folder.Path, "inside"));
        string link = Path.Combine(folder.Path, "inside", "d.xml");
        File.CreateSymbolicLink(link, target);

        IOException refusal = Assert.ThrowsAny<IOException>(() => DomainFile.Write(link, Domain.Parse("<domain/>")));

        Assert.Contains("symbolic link", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(Xml, File.ReadAllText(victim));
        Assert.Equal(link, Assert.Single(Directory.GetFileSystemEntries(Path.GetDirectoryName(link)!)));
    }

    [Fact]
    public void A_link_that_somebody_else_put_into_a_shared_folder_is_not_followed()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root gives files away.");
        using TemporaryFolder folder = new();
        string real = folder.Write("real.xml", Xml);
        string link = Path.Combine(folder.Path, "d.xml");
        File.CreateSymbolicLink(link, "real.xml");
        _ = Tool.Run("/bin/chown", ["-h", "daemon", link]);

        Assert.Throws<UnauthorizedAccessException>(() => DomainFile.Write(link, Domain.Parse("<domain/>")));
        Assert.Equal(Xml, File.ReadAllText(real));
    }

    [Fact]
    public void What_is_no_regular_file_is_neither_read_nor_replaced()
    {
        using TemporaryFolder folder = new();
        string pipe = Path.Combine(folder.Path, "pipe.xml");
        Assert.Equal(0, Tool.Run("/usr/bin/mkfifo", [pipe]).ExitCode);
        Stopwatch clock = Stopwatch.StartNew();

        Assert.Throws<IOException>(() => DomainFile.Load(pipe));
        Assert.Throws<IOException>(() => DomainFile.Write(pipe, Domain.Parse("<domain/>")));

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), "A pipe that nobody writes to was waited for.");
    }

    [Fact]
    public void A_file_that_was_changed_since_it_was_read_is_left_as_it_is()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("d.xml", Xml);
        DomainFile stale = DomainFile.Load(path);
        stale.Domain.AddFileSystem(new FileSystem { Tag = "stale", SourceDirectory = "/srv" });
        Change(path);
        string other = File.ReadAllText(path);

        Assert.Equal("FileChanged", Assert.Throws<DomainRuleException>(() => stale.Save()).ErrorId);
        Assert.Equal(other, File.ReadAllText(path));
        File.Delete(path);
        Assert.Equal("FileChanged", Assert.Throws<DomainRuleException>(() => stale.Save()).ErrorId);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Of_many_changes_at_once_each_is_kept_or_refused()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("d.xml", "<domain>\n  <name>a</name>\n  <devices/>\n</domain>\n");
        int kept = 0;

        Parallel.For(0, 100, new ParallelOptions { MaxDegreeOfParallelism = 4 }, number =>
        {
            try
            {
                DomainFile file = DomainFile.Load(path);
                file.Domain.AddFileSystem(new FileSystem { Tag = $"t{number}", SourceDirectory = "/srv" });
                file.Save();
                Interlocked.Increment(ref kept);
            }
            catch (DomainRuleException exception) when (exception.ErrorId == "FileChanged")
            {
            }
        });

        Assert.InRange(kept, 1, 100);
        Assert.Equal(kept, DomainFile.Load(path).Domain.FileSystems.Count);
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Other_names_of_a_file_keep_the_old_content_and_the_user_is_told()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("d.xml", Xml);
        string other = Path.Combine(folder.Path, "other.xml");
        Assert.Equal(0, Tool.Run("/bin/ln", [path, other]).ExitCode);
        DomainFile file = DomainFile.Load(path);
        file.Domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true });

        Assert.Equal("FileHasOtherNames", Assert.Single(file.Save()).Id);
        Assert.Equal(Xml, File.ReadAllText(other));
        Assert.Empty(file.Save());
    }

    [Fact]
    public void Whatever_is_replaced_the_user_is_told_of_its_other_names_and_of_a_new_file_s_nothing()
    {
        using TemporaryFolder folder = new();
        string domain = folder.Write("d.xml", Xml), script = folder.Write("wrapper", "#!/bin/sh\n"), settings = folder.Write("qemu.conf", "a = 1\n");
        foreach (string path in (string[])[domain, script, settings])
        {
            Assert.Equal(0, Tool.Run("/bin/ln", [path, path + ".other"]).ExitCode);
        }

        DaemonWrapper wrapper = new("/bin/d", []);
        _ = wrapper.Save(script, overwrite: true);
        QemuConfiguration configuration = QemuConfiguration.Load(settings);
        configuration.SetMemoryBackingDirectory("/dev/shm");
        _ = configuration.Save();
        IReadOnlyList<Advice>[] told = [DomainFile.Write(domain, Domain.Parse(Xml)), wrapper.Warnings, configuration.Warnings];

        Assert.All(told, warnings => Assert.Equal("FileHasOtherNames", Assert.Single(warnings).Id));
        Assert.Contains($"'{domain}'", told[0][0].Message, StringComparison.Ordinal);
        Assert.Equal("#!/bin/sh\n", File.ReadAllText(script + ".other"));
        Assert.Equal("a = 1\n", File.ReadAllText(settings + ".other"));

        Assert.Empty(DomainFile.Write(domain + ".new", Domain.Parse(Xml)));
        _ = wrapper.Save(script + ".new");
        Assert.Empty(wrapper.Warnings);
        configuration.SetMemoryBackingDirectory("/dev/hugepages");
        _ = configuration.Save();
        Assert.Empty(configuration.Warnings);
    }

    [Fact]
    public void A_name_as_long_as_a_name_can_be_is_written()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, new string('n', 251) + ".xml");

        DomainFile.Write(path, Domain.Parse(Xml));
        DomainFile.Write(path, Domain.Parse(Xml + " "));

        Assert.Equal(Xml + " ", File.ReadAllText(path));
    }

    [Fact]
    public void A_replaced_wrapper_keeps_who_may_use_it_and_nobody_else_may_write_it()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("wrapper", "old");
        File.SetUnixFileMode(path, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);

        new DaemonWrapper("/bin/d", []).Save(path, overwrite: true);
        new DaemonWrapper("/bin/d", []).Save(path + ".new");

        Assert.Equal(Convert.ToInt32("750", 8), (int)File.GetUnixFileMode(path));
        Assert.Equal(Convert.ToInt32("755", 8), (int)File.GetUnixFileMode(path + ".new"));
    }

    private static void Change(string path)
    {
        DomainFile file = DomainFile.Load(path);
        file.Domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true });
        file.Save();
    }

    private static string Reread(string path) =>
        Domain.Parse(Encoding.UTF8.GetString(File.ReadAllBytes(path))).MemoryBacking.Access == MemoryAccess.Shared ? "shared" : "not shared";
}
