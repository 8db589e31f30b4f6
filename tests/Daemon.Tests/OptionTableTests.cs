using System.Reflection;
using VirtioFs.DeviceEngine.Options;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Passthrough.Options;

namespace VirtioFs.Daemon.Tests;

public sealed class OptionTableTests
{
    private static readonly ShareOptions s_defaults = new() { Path = "/", Tag = "default", SocketPath = "/" };

    public static TheoryData<string> OfShares => [.. ShareOptionTable.All.Where(option => option.Property is not null).Select(option => option.Name)];

    public static TheoryData<string> All => [.. ShareOptionTable.All.Select(option => option.Name)];

    [Fact]
    public void Every_property_of_a_share_is_an_option()
    {
        IEnumerable<string> properties = typeof(ShareOptions).GetProperties().Concat(typeof(PassthroughOptions).GetProperties())
            .Select(property => property.Name)
            .Except([nameof(ShareOptions.FileSystem), nameof(ShareOptions.OffersTag)]);
        Assert.Equal(properties.Order(), ShareOptionTable.All.Select(option => option.Property).OfType<string>().Order());
    }

    [Theory]
    [MemberData(nameof(OfShares))]
    public void An_option_reads_what_it_writes(string name)
    {
        var option = ShareOptionTable.Get(name);
        ShareOptions set = option.Set(s_defaults, option.Example);

        Assert.Equal([option.Example], option.Write(set));
        Assert.NotEqual(option.Write(s_defaults), option.Write(set));
        Assert.Equal(option.Write(set), option.Write(option.Set(s_defaults, option.Write(set)[0])));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void An_option_as_a_word_is_that_option(string name)
    {
        var option = ShareOptionTable.Get(name);
        GivenOption given = Assert.Single(CommandWords.Read([option.ToWord(option.Example)]));

        Assert.Equal((name, option.Example), (given.Option.Name, given.Value));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void An_option_says_what_it_is(string name)
    {
        var option = ShareOptionTable.Get(name);
        Assert.Matches(@"^[A-Z].*\.$", option.Description);
        Assert.NotEqual(string.Empty, option.Default);
        Assert.Equal(option.Kind == ShareOptionKind.Switch, option.ValueName.Length == 0);
        Assert.True(option.Difference.Length == 0 || option.Difference.EndsWith('.'));
    }

    [Theory]
    [InlineData("--readonly", "perhaps")]
    [InlineData("--readonly", "")]
    [InlineData("--cache", "")]
    [InlineData("--entry-timeout", "-1")]
    [InlineData("--entry-timeout", "5 apples")]
    [InlineData("--queue-size", "1e3")]
    [InlineData("--translate-uid", "map:0:1")]
    [InlineData("--uid-map", ":0:1000:")]
    [InlineData("--uid-map", ":0:99999999999:1:")]
    [InlineData("--modcaps", "+nothing")]
    [InlineData("--modcaps", "chown")]
    [InlineData("--sandbox", "cage")]
    [InlineData("--log-level", "loud")]
    [InlineData("--socket-mode", "0999")]
    public void A_value_that_is_none_is_refused_by_name(string name, string value) =>
        Assert.StartsWith($"{name} '{value}': ", Assert.Throws<FormatException>(() => ShareOptionTable.Get(name).Set(s_defaults, value)).Message);

    [Fact]
    public void A_map_of_ids_leaves_no_other_id_to_the_guest()
    {
        ShareOptions options = ShareOptionTable.Get("--uid-map").Set(ShareOptionTable.Get("--uid-map").Set(s_defaults, ":0:1000:1:"), ":10:100000:5:");
        Assert.Equal(
            [
                "map:0:1000:1", "map:10:100000:5", "forbid-guest:1:9", "forbid-guest:15:4294967280",
                "squash-host:0:65534:1000", "squash-host:1001:65534:98999", "squash-host:100005:65534:4294867290",
            ],
            options.FileSystem.UserIds.Select(rule => rule.ToString()));
        options.Validate();
    }

    [Fact]
    public void The_documents_are_what_the_table_says()
    {
        string checkout = typeof(OptionTableTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(entry => entry.Key == "Checkout").Value!;
        string path = Path.Combine(checkout, "docs", "options.md");
        string wanted = OptionDocument.Create();
        if (Environment.GetEnvironmentVariable("VIRTIOFS_WRITE_DOCUMENTS") == "1")
        {
            File.WriteAllText(path, wanted);
        }

        Assert.Equal(wanted, File.ReadAllText(path));
    }
}
