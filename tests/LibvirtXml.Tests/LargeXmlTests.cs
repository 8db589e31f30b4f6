using System.Diagnostics;
using System.Text;
using VirtioFs.LibvirtXml.FileSystems;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>Sizes at which work that grows with their square would take minutes; each takes a second or two.</summary>
public sealed class LargeXmlTests
{
    private const int Many = 250_000;
    private const int ManyDevices = 20_000;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    public static TheoryData<string> Shapes => ["<a/>", "<a>\n  <b/>\n</a>", "<!-- c --><a/>"];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Very_many_siblings_are_read_and_changed_quickly(string sibling)
    {
        string xml = "<domain><name>a</name><metadata>" + string.Concat(Enumerable.Repeat(sibling, Many)) + "</metadata><devices/></domain>";
        Stopwatch clock = Stopwatch.StartNew();

        Domain domain = Domain.Parse(xml);
        domain.AddFileSystem(new FileSystem { Tag = "t", SourceDirectory = "/srv" });

        Assert.True(clock.Elapsed < Limit, $"{Many} siblings took {clock.Elapsed}.");
        Assert.Equal("t", Assert.Single(domain.FileSystems).Tag);
    }

    [Fact]
    public void Very_many_devices_are_read_changed_and_compared_quickly()
    {
        StringBuilder xml = new("<domain><name>a</name><devices>");
        for (int number = 0; number < ManyDevices; number++)
        {
            xml.Append("<filesystem type='mount'><driver type='virtiofs'/><source dir='/s'/><target dir='t").Append(number).Append("'/></filesystem>");
        }

        string text = xml.Append("</devices></domain>").ToString();
        Stopwatch clock = Stopwatch.StartNew();

        Domain before = Domain.Parse(text);
        Domain after = before.Copy();
        after.AddFileSystem(new FileSystem { Tag = "added", SourceDirectory = "/srv" });
        after.RemoveFileSystem(after.GetFileSystem("t0"));

        Assert.Equal(2, DomainDifference.Between(before, after).Count());
        Assert.True(clock.Elapsed < Limit, $"{ManyDevices} devices took {clock.Elapsed}.");
    }

    [Theory]
    [InlineData("io.systemd.credential:")]
    [InlineData("opt/io.systemd.credentials/")]
    [InlineData("\"password\":\"")]
    [InlineData(",a.password")]
    [InlineData("://a:")]
    public void A_text_that_repeats_the_beginning_of_a_secret_is_looked_through_quickly(string beginning)
    {
        string text = string.Concat(Enumerable.Repeat(beginning, Many / 2));
        Domain domain = Domain.Parse(
            $"<domain><name>a</name><sysinfo type='smbios'><oemStrings><entry>{text}</entry><entry>{{{text}</entry></oemStrings></sysinfo><metadata><token>x</token></metadata></domain>");
        Stopwatch clock = Stopwatch.StartNew();

        Assert.Contains("<token>*****</token>", domain.PublicXml, StringComparison.Ordinal);

        Assert.True(clock.Elapsed < Limit, $"{Many / 2} beginnings took {clock.Elapsed}.");
    }

    [Fact]
    public void Very_many_mapped_ids_are_checked_quickly()
    {
        IdMapEntry[] map = [.. Enumerable.Range(0, ManyDevices).Select(number => new IdMapEntry((uint)number, (uint)number, 1))];
        Domain domain = Domain.Parse("<domain><name>a</name><devices/></domain>");
        Stopwatch clock = Stopwatch.StartNew();

        domain.AddFileSystem(new FileSystem { Tag = "t", SourceDirectory = "/srv", UidMap = map, GidMap = map });

        Assert.True(clock.Elapsed < Limit, $"{ManyDevices} entries took {clock.Elapsed}.");
        Assert.Equal(
            "OverlappingIdMap",
            Assert.Throws<DomainRuleException>(() => domain.AddFileSystem(new FileSystem
            {
                Tag = "u",
                SourceDirectory = "/srv",
                UidMap = [.. map, new IdMapEntry(7, 900_000, 1)],
                GidMap = map,
            })).ErrorId);
    }

    [Fact]
    public void Reading_ends_when_it_is_cancelled()
    {
        string xml = "<domain><name>a</name><metadata>" + string.Concat(Enumerable.Repeat("<a/>", 2_000_000)) + "</metadata></domain>";
        using CancellationTokenSource cancelled = new(TimeSpan.FromMilliseconds(1));
        using TemporaryFolder folder = new();
        string path = folder.Write("d.xml", xml);

        Assert.ThrowsAny<OperationCanceledException>(() => Domain.Parse(xml, cancelled.Token));
        Assert.ThrowsAny<OperationCanceledException>(() => DomainFile.Load(path, cancelled.Token));
    }

    [Fact]
    public void Depth_has_a_bound_in_a_device_too()
    {
        string deep = string.Concat(Enumerable.Repeat("<a>", 5000)) + string.Concat(Enumerable.Repeat("</a>", 5000));

        Assert.Equal("MalformedXml", Assert.Throws<DomainXmlException>(() => FileSystem.Parse($"<filesystem>{deep}</filesystem>")).ErrorId);
    }
}
