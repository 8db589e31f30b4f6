using System.Globalization;
using System.Xml.Linq;
using CsCheck;
using VirtioFs.LibvirtXml.Connection;
using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Memory;

namespace VirtioFs.LibvirtXml.Tests;

public sealed class XmlProperties
{
    private static readonly string[] Blanks = ["", " ", "\n", "\n  ", "\r\n\t", "<!-- c -->", "\n  <!-- c -->\n", "<?pi x?>", "<![CDATA[<x>]]>", "text", "&lt;", "&#x20;"];

    private static readonly string[] Elements =
    [
        "<title>t</title>", "<memory unit='KiB'>1024</memory>", "<metadata><a:b xmlns:a='urn:a' a:c=\"d'e\"/></metadata>", "<memoryBacking/>",
        "<memoryBacking>\n    <hugepages/>\n  </memoryBacking>", "<vcpu >2</vcpu >", "<os><type arch='x86_64'>hvm</type></os>", "<cpu mode=\"host-model\"/>",
        "<devices/>", "<devices />", "<devices></devices>", "<devices>\n    <disk type='file'/>\n  </devices>", "<devices><filesystem  type = 'mount'><driver type='virtiofs'/><source dir='/s'/><target dir='old'/></filesystem></devices>",
        "<seclabel/>",
    ];

    private static readonly Gen<string> Document = Gen.Select(Gen.OneOf(Elements), Gen.OneOf(Blanks)).Array[0, 6].Select(parts =>
        "<domain type='test'>" + string.Concat(parts.DistinctBy(part => NameOf(part.Item1)).Select(part => part.Item1 + part.Item2)) + "</domain>");

    [Fact]
    public void An_unchanged_document_is_written_character_for_character() => Document.Sample(xml => Assert.Equal(xml, Domain.Parse(xml).Xml), iter: 3_000);

    [Fact]
    public void Whatever_is_put_into_a_device_comes_out_of_it_and_out_of_any_other_reader() =>
        Gen.Select(Document, Texts.Tag, Texts.Path, Texts.Path).Sample(
            (xml, tag, directory, binary) =>
            {
                Domain domain = Domain.Parse(xml);
                domain.AddFileSystem(new FileSystem { Tag = tag, SourceDirectory = directory, BinaryPath = binary });

                FileSystem added = domain.GetFileSystem(tag);
                Assert.Equal((tag, directory, binary), (added.Tag, added.SourceDirectory, added.BinaryPath));
                XElement device = XDocument.Parse(domain.Xml, LoadOptions.PreserveWhitespace).Descendants("filesystem").Single(element => element.Element("target")!.Attribute("dir")!.Value == tag);
                Assert.Equal(directory, device.Element("source")!.Attribute("dir")!.Value);
                Assert.Equal(binary, device.Element("binary")!.Attribute("path")!.Value);
                Assert.Equal(added, FileSystem.Parse(added.ToXml()));
            },
            iter: 1_500);

    [Fact]
    public void A_name_reads_as_any_other_reader_has_it() =>
        Gen.Select(Texts.Any, Gen.Bool).Where((name, isCData) => !isCData || !name.Contains("]]>", StringComparison.Ordinal)).Sample(
            (name, isCData) =>
            {
                string xml = $"<domain><name>{(isCData ? $"<![CDATA[{name}]]>" : new XText(name).ToString())}</name></domain>";

                Assert.Equal(XDocument.Parse(xml, LoadOptions.PreserveWhitespace).Root!.Element("name")!.Value, Domain.Parse(xml).Name);
            },
            iter: 3_000);

    [Fact]
    public void A_change_and_its_opposite_give_the_old_document_back() =>
        Gen.Select(Document, Texts.Tag, Texts.Path, Texts.Path).Sample(
            (xml, tag, first, second) =>
            {
                Domain domain = Domain.Parse(xml);
                domain.AddFileSystem(new FileSystem { Tag = tag, SourceDirectory = first });
                string added = domain.Xml;
                FileSystem present = domain.GetFileSystem(tag);
                domain.SetFileSystem(present, present with { SourceDirectory = second });
                Assert.Equal(second, domain.GetFileSystem(tag).SourceDirectory);
                FileSystem changed = domain.GetFileSystem(tag);
                domain.SetFileSystem(changed, changed with { SourceDirectory = first });

                Assert.Equal(added, domain.Xml);
                domain.RemoveFileSystem(domain.GetFileSystem(tag));
                Assert.True(XNode.DeepEquals(Canonical(xml), Canonical(domain.Xml)), $"{xml}\n→\n{domain.Xml}");
            },
            iter: 1_500);

    [Fact]
    public void A_file_gives_its_domain_back_in_every_encoding()
    {
        using TemporaryFolder folder = new();
        string[] encodings = ["utf-8", "utf-16", "iso-8859-1", "windows-1252", "us-ascii", "koi8-r", "gb18030", "shift_jis"];
        Gen.Select(Gen.OneOf(encodings), Texts.Tag, Texts.Path).Sample(
            (encoding, tag, directory) =>
            {
                Domain domain = Domain.Parse($"<?xml version='1.0' encoding='{encoding}'?>\n<domain><devices/></domain>");
                domain.AddFileSystem(new FileSystem { Tag = tag, SourceDirectory = directory });
                string path = System.IO.Path.Combine(folder.Path, "d.xml");
                DomainFile.Write(path, domain);

                DomainFile read = DomainFile.Load(path);
                Assert.Equal((tag, directory), (read.Domain.FileSystems[0].Tag, read.Domain.FileSystems[0].SourceDirectory));
                byte[] bytes = File.ReadAllBytes(path);
                read.Save();
                Assert.Equal(bytes, File.ReadAllBytes(path));
            },
            iter: 60,
            threads: 1);
    }

    [Fact]
    public void Libvirt_reads_what_was_written()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/virsh"), "libvirt is not installed (package libvirt-clients).");
        using LibvirtConnection connection = LibvirtConnection.Open("test:///default");
        int number = 0;
        Gen.Select(Texts.Tag, Texts.Path).Sample(
            (tag, directory) =>
            {
                Domain domain = Domain.Parse(string.Create(
                    CultureInfo.InvariantCulture,
                    $"<domain type='test'><name>p{number++}</name><memory>65536</memory><os><type>hvm</type></os><devices/></domain>"));
                domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true });
                domain.AddFileSystem(new FileSystem { Tag = tag, SourceDirectory = directory });

                using LibvirtDomain defined = connection.Define(domain, validate: false);
                FileSystem read = Assert.Single(defined.GetDefinition().FileSystems);
                Assert.Equal((tag, directory), (read.Tag, read.SourceDirectory));
                defined.Undefine();
            },
            iter: 100,
            threads: 1);
    }

    private static string NameOf(string element) => element[1..].Split(' ', '>', '/')[0];

    /// <summary>Without the difference between an empty element and none: removing the only device may leave its list empty.</summary>
    private static XElement Canonical(string xml)
    {
        XElement root = XElement.Parse(xml);
        root.Elements("devices").Where(devices => !devices.HasElements && string.IsNullOrWhiteSpace(devices.Value)).Remove();
        return new XElement(root.Name, root.Attributes(), root.Nodes());
    }
}
