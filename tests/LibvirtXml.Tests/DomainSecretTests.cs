using System.Text.RegularExpressions;
using VirtioFs.LibvirtXml.Memory;

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

    [Theory]
    [InlineData("secret,id=s0,data=hunter2,format=raw", "secret,id=s0,data=*****,format=raw")]
    [InlineData("qom-type=secret,id=s0,data=hunter,,2", "qom-type=secret,id=s0,data=*****")]
    [InlineData("{\"qom-type\":\"secret\",\"id\":\"s\",\"data\": \"hun\\\"ter\"}", "{\"qom-type\":\"secret\",\"id\":\"s\",\"data\": \"*****\"}")]
    [InlineData("port=5901,password=hunter2,disable-ticketing=off", "port=5901,password=*****,disable-ticketing=off")]
    [InlineData("driver=https,url=https://ada:hunter2@host/i,cookie=crumbs", "driver=https,url=https://ada:*****@host/i,cookie=*****")]
    [InlineData("file=x,password=://a:hunter@b,x=y", "file=x,password=*****,x=y")]
    [InlineData("{\"driver\":\"iscsi\",\"password\":\"hunter2\"}", "{\"driver\":\"iscsi\",\"password\":\"*****\"}")]
    [InlineData("type=11,value=io.systemd.credential:passwd.hashed-password.root=hunter", "type=11,value=io.systemd.credential:passwd.hashed-password.root=*****")]
    [InlineData("name=opt/io.systemd.credentials/x,string=hunter", "name=opt/io.systemd.credentials/x,string=*****")]
    [InlineData("tls-creds-x509,id=t,passwordid=s0", "tls-creds-x509,id=t,passwordid=s0")]
    [InlineData("file=x,password-secret=s0,data=1", "file=x,password-secret=s0,data=1")]
    [InlineData("socket,id=char0,path=/run/a.sock", "socket,id=char0,path=/run/a.sock")]
    public void A_word_of_QEMUs_command_line_shows_no_secret_that_its_option_names(string word, string shown)
    {
        string xml = $"<domain type='kvm' xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><name>a</name><q:commandline><q:arg value='{word.Replace("\"", "&quot;", StringComparison.Ordinal)}'/></q:commandline></domain>";
        Domain domain = Domain.Parse(xml);
        Domain masked = Domain.Parse(domain.PublicXml);

        Assert.Equal(shown, masked.Root.SelfAndDescendants().Single(element => element.Name == "q:arg").Attribute("value"));
        Assert.Equal(word != shown, domain.HasSecrets);
        Assert.False(masked.HasSecrets);
        Assert.Equal(xml, domain.Xml);
        if (word != shown)
        {
            Assert.Equal("SecretsLeftOut", Assert.Throws<DomainRuleException>(masked.RequireSecrets).ErrorId);
        }
    }

    [Fact]
    public void Variables_credentials_and_metadata_show_no_secret_that_their_name_tells()
    {
        const string Around = """
            <domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
              <name>a</name>
              <metadata>
                <app:machine xmlns:app='urn:app'><app:owner>ada</app:owner><app:adminPassword>hunter1</app:adminPassword><app:ci token-file='/x'><api_key>hunter2</api_key></app:ci></app:machine>
              </metadata>
              <sysinfo type='smbios'><oemStrings><entry>io.systemd.credential:x=hunter3</entry><entry>plain=text</entry></oemStrings></sysinfo>
              <sysinfo type='fwcfg'><entry name='opt/io.systemd.credentials/y'>hunter4</entry><entry name='opt/z'>plain</entry></sysinfo>
              <qemu:commandline><qemu:env name='REGISTRY_TOKEN' value='hunter5'/><qemu:env name='LANG' value='C'/></qemu:commandline>
            </domain>
            """;
        Domain domain = Domain.Parse(Around);

        Assert.Equal(Secret().Replace(Around, "*****"), domain.PublicXml);
        Assert.Equal(5, Secret().Count(Around));
        Assert.True(domain.HasSecrets);
    }

    [Fact]
    public void What_was_read_without_passwords_is_not_written_as_if_it_were_whole()
    {
        Domain read = Domain.Parse("<domain type='kvm'><name>a</name></domain>");
        read.IsWithoutSecrets = true;
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "x.xml");

        foreach (Domain domain in new[] { read, read.Copy(), read.Edit() })
        {
            Assert.Equal("SecretsNotRead", Assert.Throws<DomainRuleException>(() => DomainFile.Write(path, domain, includeSecrets: true)).ErrorId);
            Assert.False(File.Exists(path));
        }

        DomainFile.Write(path, read);
        Assert.True(File.Exists(path));
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
    [InlineData("a\u202Eb", "a%E2%80%AEb.xml")]
    [InlineData("a\u0085b", "a%C2%85b.xml")]
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

    [GeneratedRegex(@"hunter\d?|crumbs")]
    private static partial Regex Secret();
}
