using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>Direct I/O and large copies on a host file system that shares blocks, and what is on the host after a guest's fsync.</summary>
public sealed class LargeDataTests
{
    [Fact]
    public async Task Direct_and_large_data_arrive_under_every_policy()
    {
        Dictionary<string, PassthroughOptions> policies = new()
        {
            ["auto"] = new PassthroughOptions(),
            ["never"] = new PassthroughOptions { Cache = CachePolicy.Never },
            ["writeback"] = new PassthroughOptions { Cache = CachePolicy.Always, Writeback = true },
            ["direct"] = new PassthroughOptions { AllowDirectIo = true },
        };
        UserModeLinux kernel = new();
        kernel.SkipTestUnlessAvailable();
        using MountedImage image = MountedImage.Create("xfs");
        using TestFolder folder = new();
        string program = await GuestProgram.CompileAsync(folder, "large-copy");
        List<Share> shares = [];
        try
        {
            foreach ((string name, PassthroughOptions options) in policies)
            {
                shares.Add(Share.Start(new ShareOptions
                {
                    Path = Directory.CreateDirectory(image[name]).FullName, Tag = $"large-{name}", SocketPath = folder.Socket(name), FileSystem = options,
                }));
            }

            // With direct I/O on the host, its rules on alignment hold. A guest that collects writes has sent all after fsync: this guest
            // sees the host's files beside its shares.
            (await kernel.RunAsync(folder, new GuestOptions
            {
                Shares = [.. shares.Select(share => new GuestShare(share.Options.Tag, share.Options.SocketPath))],
                Script = $"""
                    for share in auto never writeback; do {program} /run/shares/large-$share; done
                    {program} /run/shares/large-direct aligned
                    cd /run/shares/large-writeback
                    busybox dd if=/dev/zero of=synced bs=1000 count=100 conv=fsync 2>/dev/null
                    [ "$(busybox stat -c '%s %Y' synced)" = "$(busybox stat -c '%s %Y' {image["writeback"]}/synced)" ]
                    """,
            })).ShouldSucceed();
        }
        finally
        {
            shares.ForEach(share => share.Dispose());
        }
    }
}
