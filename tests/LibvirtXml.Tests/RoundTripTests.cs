using System.Text;
using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Memory;

namespace VirtioFs.LibvirtXml.Tests;

public sealed class RoundTripTests
{
    public static TheoryData<string> Handwritten => [.. SampleDomains.Handwritten.Keys];

    [Fact]
    public void At_least_two_hundred_unchanged_domains_are_written_back_character_for_character()
    {
        string[] samples = [.. SampleDomains.All()];

        Assert.True(samples.Length >= 200, $"There are only {samples.Length} samples.");
        Assert.All(samples, xml => Assert.Equal(xml, Domain.Parse(xml).Xml));
        Assert.Equal(samples.Length, samples.Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Handwritten))]
    public void Adding_a_file_system_touches_nothing_else_and_removing_it_gives_the_old_text(string sample)
    {
        string xml = SampleDomains.Handwritten[sample];
        Domain domain = Domain.Parse(xml);

        domain.AddFileSystem(new FileSystem { Tag = "added-here", SourceDirectory = "/srv/a&b" });
        string added = domain.Xml;
        domain.RemoveFileSystem(domain.GetFileSystem("added-here"));

        Assert.Contains("added-here", added, StringComparison.Ordinal);
        Assert.Contains("/srv/a&amp;b", added, StringComparison.Ordinal);
        AssertOnlyInserted(xml, added);
        Assert.Equal(WithoutEmptyDevices(xml), WithoutEmptyDevices(domain.Xml));
    }

    [Fact]
    public void Every_sample_takes_a_file_system_and_shared_memory_as_pure_insertions()
    {
        foreach (string xml in SampleDomains.All())
        {
            Domain domain = Domain.Parse(xml);
            domain.AddFileSystem(new FileSystem { Tag = "added-here", SourceDirectory = "/srv" });

            AssertOnlyInserted(xml, domain.Xml);
            Assert.Equal("/srv", domain.GetFileSystem("added-here").SourceDirectory);
        }
    }

    [Fact]
    public void An_inserted_element_takes_over_the_neighbours_indentation_quotes_and_line_ends()
    {
        string xml = "<domain type=\"kvm\">\r\n\t<name>a</name>\r\n\t<memory>1048576</memory>\r\n\t<devices>\r\n\t\t<disk type=\"file\" />\r\n\t</devices>\r\n</domain>";
        Domain domain = Domain.Parse(xml);

        domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true });
        domain.AddFileSystem(new FileSystem { Tag = "t", SourceDirectory = "/srv" });

        Assert.Equal(
            "<domain type=\"kvm\">\r\n\t<name>a</name>\r\n\t<memory>1048576</memory>\r\n\t<memoryBacking>\r\n\t\t<source type=\"memfd\" />\r\n" +
            "\t\t<access mode=\"shared\" />\r\n\t</memoryBacking>\r\n\t<devices>\r\n\t\t<disk type=\"file\" />\r\n\t\t<filesystem type=\"mount\">\r\n" +
            "\t\t\t<driver type=\"virtiofs\" />\r\n\t\t\t<source dir=\"/srv\" />\r\n\t\t\t<target dir=\"t\" />\r\n\t\t</filesystem>\r\n\t</devices>\r\n</domain>",
            domain.Xml);
    }

    [Fact]
    public void A_changed_attribute_keeps_its_place_its_quotes_and_everything_around_it()
    {
        string xml = """
            <domain>
              <name>a</name>
              <devices>
                <filesystem  type = "mount"
                             accessmode='passthrough'><!-- mine -->
                  <source dir='/old'/><driver queue="512" type='virtiofs' /><vendor:x xmlns:vendor="urn:v">keep</vendor:x>
                  <target dir = "t"/>
                </filesystem>
              </devices>
            </domain>
            """;
        Domain domain = Domain.Parse(xml);
        FileSystem present = domain.GetFileSystem("t");

        domain.SetFileSystem(present, present with { QueueSize = 1024, SourceDirectory = "/new \"place\"'s" });

        Assert.Equal(
            xml.Replace("\"512\"", "\"1024\"", StringComparison.Ordinal)
                .Replace("'/old'", "'/new \"place\"&apos;s'", StringComparison.Ordinal),
            domain.Xml);
    }

    [Fact]
    public void A_missing_uuid_is_added_and_another_one_refused()
    {
        Guid uuid = Guid.Parse("4dea22b3-1d52-d8f3-2516-782e98ab3fa0");
        Domain domain = Domain.Parse("<domain>\n  <name>a</name>\n</domain>");

        domain.AdoptUuid(uuid);
        domain.AdoptUuid(uuid);

        Assert.Equal($"<domain>\n  <name>a</name>\n  <uuid>{uuid}</uuid>\n</domain>", domain.Xml);
        Assert.Equal("OtherUuid", Assert.Throws<DomainRuleException>(() => domain.AdoptUuid(Guid.NewGuid())).ErrorId);
    }

    [Fact]
    public void Elements_of_other_namespaces_are_not_taken_for_libvirts()
    {
        string xml = """
            <domain xmlns:other='urn:o'>
              <name>a</name>
              <metadata><memoryBacking xmlns='urn:m'><access mode='shared'/></memoryBacking></metadata>
              <other:memoryBacking><access mode='shared'/></other:memoryBacking>
              <memoryBacking xmlns='urn:m'><access mode='shared'/></memoryBacking>
            </domain>
            """;
        Domain domain = Domain.Parse(xml);

        Assert.Null(domain.MemoryBacking.Access);
        domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true });
        Assert.Equal(MemoryAccess.Shared, domain.MemoryBacking.Access);
        AssertOnlyInserted(xml, domain.Xml);
    }

    [Theory]
    [InlineData("utf-8", true)]
    [InlineData("utf-8", false)]
    [InlineData("utf-16", true)]
    [InlineData("utf-16BE", true)]
    [InlineData("utf-32", true)]
    [InlineData("iso-8859-1", false)]
    [InlineData("windows-1252", false)]
    [InlineData("us-ascii", false)]
    public void A_file_keeps_its_encoding_and_byte_order_mark(string encodingName, bool hasMark)
    {
        Encoding encoding = CodePagesEncodingProvider.Instance.GetEncoding(encodingName) ?? Encoding.GetEncoding(encodingName);
        string title = encodingName == "us-ascii" ? "plain" : "größer";
        string xml = $"<?xml version='1.0' encoding='{encodingName.Replace("BE", string.Empty, StringComparison.Ordinal)}'?>\n<domain>\n  <name>a</name>\n  <title>{title}</title>\n</domain>\n";
        byte[] bytes = [.. hasMark ? encoding.GetPreamble() : [], .. encoding.GetBytes(xml)];
        using TemporaryFolder folder = new();
        string path = folder.Write("d.xml", bytes);

        DomainFile file = DomainFile.Load(path);
        Assert.Equal(title, file.Domain.Title);
        file.Save();
        Assert.Equal(bytes, File.ReadAllBytes(path));

        file.Domain.AddFileSystem(new FileSystem { Tag = "täg→", SourceDirectory = "/srv" });
        file.Save();
        Assert.Equal("täg→", Assert.Single(DomainFile.Load(path).Domain.FileSystems).Tag);
    }

    [Fact]
    public void Saving_keeps_the_files_mode_and_leaves_no_other_file_behind()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("d.xml", "<domain><name>a</name></domain>"u8.ToArray());
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        DomainFile file = DomainFile.Load(path);
        file.Domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true });
        file.Save();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal("d.xml", Path.GetFileName(Assert.Single(Directory.GetFiles(folder.Path))));
    }

    private static void AssertOnlyInserted(string before, string after)
    {
        int prefix = 0;
        while (prefix < before.Length && before[prefix] == after[prefix])
        {
            prefix++;
        }

        // '<devices/>' has to be opened; apart from that every old character stays.
        string rest = before[prefix..];
        bool isInserted = after.EndsWith(rest, StringComparison.Ordinal);
        bool isOpened = rest.StartsWith("/>", StringComparison.Ordinal) && after.EndsWith(rest[2..], StringComparison.Ordinal);
        bool isOpenedAfterBlank = rest.StartsWith(" />", StringComparison.Ordinal) && after.EndsWith(rest[3..], StringComparison.Ordinal);
        Assert.True(isInserted || isOpened || isOpenedAfterBlank, $"More than an insertion:\n{before}\n→\n{after}");
    }

    private static string WithoutEmptyDevices(string xml) =>
        System.Text.RegularExpressions.Regex.Replace(xml, @"\s*<devices\s*(/>|>\s*</devices\s*>)", string.Empty);
}
