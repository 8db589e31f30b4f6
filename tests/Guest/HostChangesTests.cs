using System.Globalization;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>What the host changes, a guest sees when the policy says: not later, and where it remembers, not at once.</summary>
public sealed class HostChangesTests
{
    // A look takes a while where many processes want the processor.
    private const int Slack = 700;

    private static readonly string[] s_attributes = ["data and size", "data of the same size, open file", "mode"];
    private static readonly string[] s_entries = ["deleted name", "replaced by rename", "deleted and made again"];

    [Fact]
    public async Task Changes_are_seen_within_each_policy_s_time_and_never_ESTALE()
    {
        Dictionary<string, PassthroughOptions> policies = new()
        {
            ["never"] = new PassthroughOptions { Cache = CachePolicy.Never },
            ["auto"] = new PassthroughOptions(),
            ["times"] = new PassthroughOptions
            {
                AttributeTimeout = TimeSpan.FromSeconds(1.5), EntryTimeout = TimeSpan.FromSeconds(3), NegativeTimeout = TimeSpan.FromSeconds(2),
            },
        };
        Dictionary<string, Dictionary<string, int>> seen = await MeasureAsync(policies);

        Assert.All(seen["never"], change => Assert.InRange(change.Value, 0, Slack));
        Assert.All(seen["auto"], change => Assert.InRange(change.Value, 0, 1000 + Slack));
        Assert.InRange(seen["auto"]["mode"], 500, 1000 + Slack);
        Assert.InRange(seen["auto"]["deleted name"], 500, 1000 + Slack);
        Assert.InRange(seen["auto"]["missing name"], 0, Slack);
        Assert.All(s_attributes, name => Assert.InRange(seen["times"][name], 0, 1500 + Slack));
        Assert.InRange(seen["times"]["mode"], 1000, 1500 + Slack);
        Assert.InRange(seen["times"]["missing name"], 1500, 2000 + Slack);
        Assert.All(s_entries, name => Assert.InRange(seen["times"][name], 0, 3000 + Slack));
        Assert.InRange(seen["times"]["deleted name"], 2000, 3000 + Slack);
    }

    private static async Task<Dictionary<string, Dictionary<string, int>>> MeasureAsync(Dictionary<string, PassthroughOptions> policies)
    {
        UserModeLinux kernel = new();
        kernel.SkipTestUnlessAvailable();
        using TestFolder folder = new();
        string program = await GuestProgram.CompileAsync(folder, "host-changes");
        List<Share> shares = [];
        try
        {
            foreach ((string name, PassthroughOptions options) in policies)
            {
                shares.Add(Share.Start(new ShareOptions
                {
                    Path = folder.MakeShared(name), Tag = $"changes-{name}", SocketPath = folder.Socket(name), FileSystem = options,
                }));
            }

            // This guest sees the host's files beside its shares, so one program can be on both sides.
            GuestResult result = (await kernel.RunAsync(folder, new GuestOptions
            {
                Shares = [.. shares.Select(share => new GuestShare(share.Options.Tag, share.Options.SocketPath))],
                Script = string.Join('\n', shares.Select(share => $"""
                    echo '<{share.Options.Tag}>'
                    {program} /run/shares/{share.Options.Tag} '{share.Options.Path}'
                    """)),
            })).ShouldSucceed();
            return policies.Keys.ToDictionary(name => name, name => Parse(result.Output.Split($"<changes-{name}>\n")[1].Split("\n<")[0]));
        }
        finally
        {
            shares.ForEach(share => share.Dispose());
        }
    }

    private static Dictionary<string, int> Parse(string output)
    {
        string[] lines = output.TrimEnd().Split('\n');
        Assert.Equal("done", lines[^1]);
        return lines[..^1].Select(line => line.Split(": ")).ToDictionary(parts => parts[0], parts => int.Parse(parts[1], CultureInfo.InvariantCulture));
    }
}
