using System.Diagnostics;
using System.Globalization;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>
/// Disks of the host that are full, limited, read-only, gone or broken, seen from a guest: it is told what the host's own programs are
/// told, what it synchronized stays, and nothing else is harmed.
/// </summary>
public sealed class HostFaultTests
{
    private const string Faults = """perl "$WORKLOADS/faults.pl" """;

    // Blocks, those free and available, inodes, those free, the sizes of blocks, the longest name.
    private const string Space = "%b %f %a %c %d %s %S %l";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static readonly string[] s_policies = ["auto", "writeback", "always", "never"];

    [Fact]
    public Task A_full_disk_is_told_and_what_was_synchronized_stays() =>
        FillAsync(() => MountedImage.Create("ext4", mebibytes: 24), disk => disk.MountAgain(), "ENOSPC");

    [Fact]
    public Task Full_memory_is_told_and_what_was_synchronized_stays() =>
        FillAsync(() => MountedImage.Create("tmpfs", mebibytes: 8), _ => { }, "ENOSPC");

    [Fact]
    public Task A_quota_that_is_used_up_is_told_and_what_was_synchronized_stays()
    {
        Assert.SkipWhen(HostProgram.Find("btrfs") is null, "btrfs is not installed here.");
        return FillAsync(() => MountedImage.CreateWithQuota(mebibytes: 16), disk => disk.MountAgain(), "EDQUOT");
    }

    // Which error comes first depends on what the host's kernel was just writing: data or the journal. A loop device takes what its file
    // took in part for whole; that ext4 commits to a journal in the same file afterwards makes it honest.
    [Fact]
    public Task A_disk_that_takes_no_more_writes_is_told_and_what_was_synchronized_stays() =>
        FillAsync(() => MountedImage.CreateOnSmallDisk("ext4", mebibytes: 320, spareMebibytes: 24), disk =>
        {
            disk.EnlargeDisk();
            disk.MountAgain();
        }, "EIO", "ENOSPC", "EROFS");

    [Fact]
    public async Task Each_call_answers_on_a_share_what_it_answers_on_the_hosts_disk()
    {
        using FaultStage stage = new();
        MountedImage readOnly = stage.Own(MountedImage.Create("ext4", mebibytes: 24));
        MountedImage inodes = stage.Own(MountedImage.Create("ext4", 24, "-N", "40"));
        MountedImage broken = stage.Own(MountedImage.Create("ext4", mebibytes: 64));
        MountedImage plain = stage.Own(MountedImage.Create("ext4", mebibytes: 24));
        foreach (MountedImage image in (MountedImage[])[readOnly, inodes, plain])
        {
            await OnHostAsync("prepare", image["guest"]);
            await OnHostAsync("prepare", image["host"]);
        }

        readOnly.Remount("ro");
        await OnHostAsync("exhaust", inodes.Path);
        await File.WriteAllBytesAsync(broken["long"], new byte[40 << 20], Token);
        broken.MountAgain();
        broken.CutDisk(mebibytes: 30);
        File.Copy("/bin/sleep", plain["guest/program"]);
        File.Copy("/bin/sleep", plain["host/program"]);
        stage.Share("readonly", readOnly.Path, "auto");
        stage.Share("inodes", inodes.Path, "auto");
        stage.Share("broken", broken.Path, "auto");
        stage.Share("plain", plain.Path, "auto");
        Process[] running = [.. ((string[])["guest", "host"]).Select(name => Process.Start(plain[$"{name}/program"], "1000"))];
        try
        {
            string found = await stage.RunAsync($"""
                stat -f -c '{Space}' /run/shares/readonly
                {Faults} ops /run/shares/readonly/guest
                {Faults} ops /run/shares/inodes/guest
                {Faults} read /run/shares/broken/long
                {Faults} read /run/shares/broken/long
                {Faults} limits /run/shares/plain/guest
                """);
            List<string> expected =
            [
                await HostProgram.RunAsync("stat", "-f", "-c", Space, readOnly.Path),
                await OnHostAsync("ops", readOnly["host"]),
            ];
            await OnHostAsync("exhaust", inodes.Path);
            expected.Add(await OnHostAsync("ops", inodes["host"]));
            expected.Add(await OnHostAsync("read", broken["long"]));
            expected.Add(expected[^1]);
            expected.Add(await OnHostAsync("limits", plain["host"]));
            Assert.Equal(string.Join('\n', expected), found.TrimEnd('\n'));
        }
        finally
        {
            foreach (Process process in running)
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None);
                process.Dispose();
            }
        }
    }

    [Fact]
    public async Task What_happens_to_folders_in_use_reaches_a_guest_as_it_reaches_the_host()
    {
        using FaultStage stage = new();
        Dictionary<string, MountedImage> images = new()
        {
            ["read-only"] = stage.Own(MountedImage.Create("ext4", mebibytes: 24)),
            ["aborted"] = stage.Own(MountedImage.Create("ext4", mebibytes: 24)),
            ["shut-down"] = stage.Own(MountedImage.Create("xfs")),
            ["removed"] = stage.Own(MountedImage.Create("ext4", mebibytes: 24)),
            ["moved"] = stage.Own(MountedImage.Create("ext4", mebibytes: 24)),
        };
        foreach ((string fault, MountedImage image) in images)
        {
            await OnHostAsync("prepare", image["host"]);
            await OnHostAsync("prepare", image["guest"]);
            stage.Share(fault, image["guest"], "auto");
        }

        RunningGuest guest = await stage.StartAsync($"""
            for fault in {string.Join(' ', images.Keys)}; do
              {Faults} hold /run/shares/$fault "$HOST_SIGNS/$fault" $fault
              echo $fault >>/run/shares/healthy/log
            done
            """);
        List<string> expected = [];
        foreach ((string fault, MountedImage image) in images)
        {
            string sign = Path.Combine(stage.Folder.Path, fault);
            Task<string> onHost = OnHostAsync("hold", image["host"], sign, fault);
            await guest.WaitForFileAsync($"{fault}-awaited");
            Assert.True(SpinWait.SpinUntil(() => File.Exists($"{sign}-awaited"), TimeSpan.FromSeconds(20)));
            await BreakAsync(fault, image);
            await guest.LetGoOnAsync(fault);
            await File.WriteAllTextAsync(sign, "", Token);
            expected.Add(await onHost);
        }

        string found = await stage.EndAsync(guest);
        stage.StopShares();
        Assert.Equal(string.Join('\n', expected), found.TrimEnd('\n'));
        Assert.Equal(images.Keys, await File.ReadAllLinesAsync(Path.Combine(stage.HealthyFolder, "log"), Token));
    }

    private static async Task BreakAsync(string fault, MountedImage image)
    {
        switch (fault)
        {
            case "read-only":
                image.Remount("ro");
                break;
            case "aborted":
                image.Remount("abort");
                break;
            case "shut-down":
                await HostProgram.RunAsync("xfs_io", "-x", "-c", "shutdown", image.Path);
                break;
            case "removed":
                Directory.Delete(image["host"], recursive: true);
                Directory.Delete(image["guest"], recursive: true);
                break;
            case "moved":
                Directory.Move(image["host"], image["moved-host"]);
                Directory.Move(image["guest"], image["moved-guest"]);
                break;
        }
    }

    [Fact]
    public async Task A_limit_of_file_sizes_reaches_the_guest_as_an_error_and_does_not_end_the_process()
    {
        UserModeLinux kernel = new();
        kernel.SkipTestUnlessAvailable("perl", "prlimit");
        using TestFolder folder = new();
        await using Backend backend = await Backend.StartAsync(folder, folder.MakeShared());
        await HostProgram.RunAsync("prlimit", "--fsize=4194304", "--pid", backend.ProcessId.ToString(CultureInfo.InvariantCulture));
        GuestResult result = (await kernel.RunAsync(folder, new GuestOptions
        {
            Shares = [backend.Share],
            TimeLimit = TimeSpan.FromMinutes(1),
            Script = $"""
                {Faults} fill filled
                ! truncate -s 5M filled
                echo after >after
                """,
        })).ShouldSucceed();
        Assert.Contains("failed EFBIG at write\nsynced 4194304\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("File too large", result.Output, StringComparison.Ordinal);
        Assert.Equal(0, await backend.StopAsync());
    }

    /// <summary>
    /// Lets a guest fill a disk with each policy, and use the healthy share after each. Where the disk is only full, the guest frees
    /// some space and goes on. In the end, what it synchronized must be on the disk.
    /// </summary>
    /// <param name="create">Makes a disk.</param>
    /// <param name="mountAgain">Makes the host read it again; this fails when the shares, which have ended, still use it.</param>
    /// <param name="errors">What the guest may be told; several where the disk is broken.</param>
    private static async Task FillAsync(Func<MountedImage> create, Action<MountedImage> mountAgain, params string[] errors)
    {
        using FaultStage stage = new();
        MountedImage[] disks = [.. s_policies.Select(_ => stage.Own(create()))];
        foreach ((MountedImage disk, string policy) in disks.Zip(s_policies))
        {
            await File.WriteAllBytesAsync(disk["ballast"], new byte[4 << 20], Token);
            stage.Share(policy, disk.Path, policy);
        }

        bool isOnlyFull = errors.Length == 1;
        // The guest's kernel tells whoever asks next, once more, that it had to drop pages. What it removed is free when it has told
        // the host to forget it, which it does a moment later.
        const string goOn = """
            rm ballast
            sync -f . 2>/dev/null || sync -f .
            for attempt in 1 2 3 4 5; do
              echo after >after && break || sleep 0.5
            done 2>/dev/null
            sync after
            """;
        string[] lines = (await stage.RunAsync($"""
            for disk in {string.Join(' ', s_policies)}; do
              cd /run/shares/$disk
              {Faults} fill filled
              echo $disk >>/run/shares/healthy/log
              sync /run/shares/healthy/log
              {(isOnlyFull ? goOn : "ls >/dev/null")}
            done
            cd /
            """)).Split('\n');
        stage.StopShares();
        Assert.Equal(s_policies, await File.ReadAllLinesAsync(Path.Combine(stage.HealthyFolder, "log"), Token));
        for (int i = 0; i < disks.Length; i++)
        {
            string[] failed = lines[2 * i].Split(' '), synced = lines[(2 * i) + 1].Split(' ');
            Assert.Contains(failed[1], errors);
            Assert.InRange(int.Parse(synced[1], CultureInfo.InvariantCulture), 1 << 20, 32 << 20);
            mountAgain(disks[i]);
            await OnHostAsync("check", disks[i]["filled"], synced[1]);
            Assert.Equal(isOnlyFull, File.Exists(disks[i]["after"]) && await File.ReadAllTextAsync(disks[i]["after"], Token) == "after\n");
        }
    }

    private static Task<string> OnHostAsync(params string[] arguments) =>
        HostProgram.RunAsync("perl", [Path.Combine(Checkout.Workloads, "faults.pl"), .. arguments]);
}
