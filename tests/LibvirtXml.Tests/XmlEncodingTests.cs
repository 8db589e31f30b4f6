using System.Text;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.LibvirtXml.Tests;

public sealed class XmlEncodingTests
{
    [Theory]
    [InlineData("utf-7")]
    [InlineData("unicode-1-1-utf-7")]
    [InlineData("iso-2022-jp")]
    [InlineData("iso-2022-kr")]
    [InlineData("hz-gb-2312")]
    [InlineData("x-iscii-de")]
    [InlineData("utf-16")]
    [InlineData("utf-32")]
    [InlineData("ucs-2")]
    [InlineData("IBM037")]
    [InlineData("no-such-encoding")]
    [InlineData("65000")]
    public void An_encoding_that_is_not_known_or_is_not_the_files_is_one_clear_error(string name)
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("d.xml", $"<?xml version='1.0' encoding='{name}'?>\n<domain><name>+ADw-a</name></domain>");

        DomainXmlException exception = Assert.Throws<DomainXmlException>(() => DomainFile.Load(path));

        Assert.Equal("InvalidEncoding", exception.ErrorId);
        Assert.Contains(name, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-7")]
    [InlineData("iso-2022-jp")]
    [InlineData("no-such-encoding")]
    public void A_text_whose_declaration_names_such_an_encoding_is_not_written(string name)
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "d.xml");

        DomainXmlException exception = Assert.Throws<DomainXmlException>(
            () => DomainFile.Write(path, Domain.Parse($"<?xml version='1.0' encoding='{name}'?><domain/>")));

        Assert.Equal("InvalidEncoding", exception.ErrorId);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Theory]
    [InlineData("windows-1252", new byte[] { 0x81 })]
    [InlineData("windows-1253", new byte[] { 0xAA })]
    [InlineData("iso-8859-7", new byte[] { 0xFF })]
    [InlineData("us-ascii", new byte[] { 0x80 })]
    [InlineData("gb18030", new byte[] { 0x81, 0x30 })]
    [InlineData("shift_jis", new byte[] { 0xFF, 0xFF })]
    [InlineData("utf-8", new byte[] { 0xC0, 0xAF })]
    [InlineData("utf-8", new byte[] { 0xED, 0xA0, 0x80 })]
    public void Bytes_come_through_unharmed_or_are_an_error(string name, byte[] title)
    {
        using TemporaryFolder folder = new();
        byte[] bytes = [.. Encoding.ASCII.GetBytes($"<?xml version='1.0' encoding='{name}'?><domain><title>"), .. title, .. "</title></domain>"u8];
        string path = folder.Write("d.xml", bytes);
        try
        {
            DomainFile.Load(path).Save();
        }
        catch (DomainXmlException exception)
        {
            Assert.Contains(exception.ErrorId, (string[])["InvalidEncoding", "MalformedXml"]);
        }

        Assert.Equal(bytes, File.ReadAllBytes(path));
    }

    [Theory]
    [InlineData("shift_jis", "日本")]
    [InlineData("euc-jp", "日本")]
    [InlineData("gb18030", "中国😀")]
    [InlineData("big5", "中國")]
    [InlineData("euc-kr", "한국")]
    [InlineData("koi8-r", "Россия")]
    [InlineData("iso-8859-15", "€")]
    public void Encodings_that_people_have_are_read_and_written(string name, string title)
    {
        using TemporaryFolder folder = new();
        string xml = $"<?xml version='1.0' encoding='{name}'?><domain><title>{title}</title></domain>";
        byte[] bytes = CodePagesEncodingProvider.Instance.GetEncoding(name)!.GetBytes(xml);
        string path = folder.Write("d.xml", bytes);

        DomainFile file = DomainFile.Load(path);
        file.Save();
        DomainFile.Write(path + ".copy", file.Domain);

        Assert.Equal(title, file.Domain.Title);
        Assert.Equal(bytes, File.ReadAllBytes(path));
        Assert.Equal(bytes, File.ReadAllBytes(path + ".copy"));
    }

    [Fact]
    public void A_file_that_is_too_large_is_refused_before_it_is_read()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("d.xml", "<domain/>");
        using (FileStream stream = File.OpenWrite(path))
        {
            stream.SetLength(1L << 40);
        }

        Assert.Contains("bytes", Assert.Throws<IOException>(() => DomainFile.Load(path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("iso-8859-1")]
    [InlineData("utf-16")]
    [InlineData("UTF-8")]
    public void Libvirt_takes_a_domain_as_it_was_meant_whatever_encoding_it_came_in(string name)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/virsh"), "libvirt is not installed (package libvirt-clients).");
        using LibvirtConnection connection = LibvirtConnection.Open("test:///default");
        using LibvirtDomain defined = connection.Define(Domain.Parse(
            $"<?xml version='1.0' encoding='{name}'?><domain type='test'><name>größe-{name}</name><memory>65536</memory><os><type>hvm</type></os></domain>"));

        Assert.Equal($"größe-{name}", defined.Name);
    }

    [Fact]
    public void Libvirt_is_not_given_a_mask_for_a_password()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/virsh"), "libvirt is not installed (package libvirt-clients).");
        using LibvirtConnection connection = LibvirtConnection.Open("test:///default");
        Domain masked = Domain.Parse(
            "<domain type='test'><name>m</name><memory>65536</memory><os><type>hvm</type></os><devices><graphics type='vnc' passwd='*****'/></devices></domain>");

        Assert.Equal("SecretsLeftOut", Assert.Throws<DomainRuleException>(() => connection.Define(masked)).ErrorId);
        Assert.Equal("SecretsLeftOut", Assert.Throws<DomainRuleException>(() => connection.StartTransient(masked)).ErrorId);
    }
}
