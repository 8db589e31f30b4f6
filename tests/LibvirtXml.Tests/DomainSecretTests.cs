using System.Text.RegularExpressions;

namespace VirtioFs.LibvirtXml.Tests;

public sealed partial class DomainSecretTests
{
    private const string Xml = """
        <domain type='kvm'>
          <name>a</name>
          <devices>
            <disk type='network'>
              <source protocol='https' name='i'><cookies><cookie name='c'>crumbs</cookie></cookies></source>
            </disk>
            <graphics type='vnc' port='-1' passwd = "hunter&amp;2" passwdValidTo='2030-01-01T00:00:00'/>
            <graphics type='spice' passwd='hunter3'/>
          </devices>
        </domain>
        """;

    [Fact]
    public void What_may_be_shown_has_a_mask_for_each_secret_and_is_else_the_same()
    {
        Domain domain = Domain.Parse(Xml);

        Assert.True(domain.HasSecrets);
        Assert.Equal(
            Xml.Replace("hunter&amp;2", "*****", StringComparison.Ordinal).Replace("hunter3", "*****", StringComparison.Ordinal).Replace("crumbs", "*****", StringComparison.Ordinal),
            domain.PublicXml);
        Assert.Equal(Xml, domain.Xml);
        Assert.Same(SampleDomains.All().First(), Domain.Parse(SampleDomains.All().First()).PublicXml);
    }

    [Fact]
    public void A_masked_text_is_not_taken_for_the_domain()
    {
        Domain masked = Domain.Parse(Domain.Parse(Xml).PublicXml);

        Assert.False(masked.HasSecrets);
        Assert.Equal("SecretsLeftOut", Assert.Throws<DomainRuleException>(masked.RequireSecrets).ErrorId);
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "x.xml");
        Assert.Throws<DomainRuleException>(() => DomainFile.Write(path, masked, includeSecrets: true));
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void A_file_is_written_without_secrets_unless_they_are_asked_for_and_is_then_the_callers_alone()
    {
        using TemporaryFolder folder = new();
        string plain = Path.Combine(folder.Path, "plain.xml");
        string secret = Path.Combine(folder.Path, "secret.xml");
        string there = folder.Write("there.xml", "old");
        File.SetUnixFileMode(there, (UnixFileMode)Convert.ToInt32("666", 8));
        if (File.Exists("/usr/bin/setfacl"))
        {
            _ = Tool.Run("/usr/bin/setfacl", ["-m", "u:daemon:rw", there]);
            _ = Tool.Run("/usr/bin/setfacl", ["-d", "-m", "u:daemon:rw", folder.Path]);
        }

        Advice told = Assert.Single(DomainFile.Write(plain, Domain.Parse(Xml)));
        Assert.Equal("SecretsLeftOut", told.Id);
        Assert.DoesNotMatch(Secret(), File.ReadAllText(plain));

        foreach (string path in new[] { secret, there })
        {
            Assert.Empty(DomainFile.Write(path, Domain.Parse(Xml), includeSecrets: true));
            Assert.Equal(Xml, File.ReadAllText(path));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            if (File.Exists("/usr/bin/getfacl"))
            {
                Assert.DoesNotContain("daemon", Tool.Run("/usr/bin/getfacl", ["-p", path]).Output, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void A_change_that_is_taken_back_leaves_the_passwords_where_they_were()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("d.xml", Xml);
        DomainFile file = DomainFile.Load(path);
        file.Domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true });
        file.Save();
        Assert.Contains("hunter3", File.ReadAllText(path), StringComparison.Ordinal);

        file.Restore();

        Assert.Equal(Xml, File.ReadAllText(path));
    }

    [Fact]
    public void A_secret_never_lands_in_a_file_of_somebody_else()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root gives files away.");
        using TemporaryFolder folder = new();
        string path = folder.Write("planted.xml", "old");
        _ = Tool.Run("/bin/chown", ["daemon", path]);

        DomainFile.Write(path, Domain.Parse(Xml), includeSecrets: true);

        Assert.StartsWith("0 0 600", Tool.Run("/usr/bin/stat", ["-c", "%u %g %a", path]).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("web1", "web1.xml")]
    [InlineData("web server", "web server.xml")]
    [InlineData("größe", "größe.xml")]
    [InlineData("../x", "%2E.%2Fx.xml")]
    [InlineData("/etc/passwd", "%2Fetc%2Fpasswd.xml")]
    [InlineData("..", "%2E..xml")]
    [InlineData(".hidden", "%2Ehidden.xml")]
    [InlineData("a%2Fb", "a%252Fb.xml")]
    public void A_domains_file_stays_in_its_folder_whatever_its_name(string name, string fileName)
    {
        Domain domain = Domain.Parse($"<domain><name>{name}</name></domain>");

        Assert.Equal(fileName, DomainFile.NameFor(domain));
    }

    [Fact]
    public void A_domain_without_a_name_or_with_too_long_a_one_has_no_file_name()
    {
        Assert.Equal("DomainNameMissing", Assert.Throws<DomainRuleException>(() => DomainFile.NameFor(Domain.Parse("<domain/>"))).ErrorId);
        Assert.Equal(
            "DomainNameTooLong",
            Assert.Throws<DomainRuleException>(() => DomainFile.NameFor(Domain.Parse($"<domain><name>{new string('é', 126)}</name></domain>"))).ErrorId);
        Assert.Equal(255, DomainFile.NameFor(Domain.Parse($"<domain><name>{new string('n', 251)}</name></domain>")).Length);
    }

    [GeneratedRegex("hunter|crumbs")]
    private static partial Regex Secret();
}
