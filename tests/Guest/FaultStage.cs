using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>Shares of this process on file systems that something happens to, and one of an ordinary folder beside them, called <c>healthy</c>.</summary>
internal sealed class FaultStage : IDisposable
{
    private readonly UserModeLinux _kernel = new();
    private readonly List<Share> _shares = [];
    private readonly List<MountedImage> _images = [];

    /// <summary>Skips the running test where it cannot run.</summary>
    public FaultStage()
    {
        _kernel.SkipTestUnlessAvailable("perl");
        Folder = new TestFolder();
        HealthyFolder = Folder.MakeShared("healthy");
        Share("healthy", HealthyFolder, "auto");
    }

    /// <summary>The test's folder.</summary>
    public TestFolder Folder { get; }

    /// <summary>What the ordinary share shares.</summary>
    public string HealthyFolder { get; }

    /// <summary>Takes a file system over, which goes when the stage goes.</summary>
    public MountedImage Own(MountedImage image)
    {
        _images.Add(image);
        return image;
    }

    /// <summary>Shares a folder. The tests of this process run side by side, so no other may have the tag at the same time.</summary>
    /// <param name="tag">The share's tag.</param>
    /// <param name="path">The folder, by its path on the host.</param>
    /// <param name="policy">A cache policy, or <c>writeback</c>.</param>
    public void Share(string tag, string path, string policy) => _shares.Add(DeviceEngine.Shares.Share.Start(new ShareOptions
    {
        Path = path,
        Tag = tag,
        SocketPath = Folder.Socket(tag),
        FileSystem = policy == "writeback"
            ? new PassthroughOptions { Writeback = true }
            : new PassthroughOptions { Cache = Enum.Parse<CachePolicy>(policy, ignoreCase: true) },
    }));

    /// <summary>Boots a guest that runs a script with all shares.</summary>
    public Task<RunningGuest> StartAsync(string script) => _kernel.StartAsync(Folder, new GuestOptions
    {
        Shares = [.. _shares.Select(share => new GuestShare(share.Options.Tag, share.Options.SocketPath))],
        Script = script,
    });

    /// <summary>Waits for a guest's end, and for nothing to have happened to the shares themselves. Answers what it wrote.</summary>
    public async Task<string> EndAsync(RunningGuest guest)
    {
        await using (guest)
        {
            GuestResult result = (await guest.WaitForEndAsync()).ShouldSucceed();
            Assert.All(_shares, share => Assert.Null(share.FaultReason));
            Assert.All(_shares, share => Assert.Equal(0, share.GetStatistics().FailedSessions));
            return result.Output;
        }
    }

    /// <summary>Boots a guest and waits for its end.</summary>
    public async Task<string> RunAsync(string script) => await EndAsync(await StartAsync(script));

    /// <summary>Ends the shares; from here on they use nothing of the file systems.</summary>
    public void StopShares()
    {
        _shares.ForEach(share => share.Dispose());
        _shares.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        StopShares();
        _images.ForEach(image => image.Dispose());
        Folder.Dispose();
    }
}
