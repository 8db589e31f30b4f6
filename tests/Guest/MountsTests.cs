using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>Mounts of the host inside of a shared directory, told to the guest as mounts or not, that come and go while it runs.</summary>
public sealed class MountsTests
{
    // $SHARE shows mounts; $HIDDEN does not.
    private const string Script = """
        HIDDEN=/run/shares/hidden
        number() { busybox stat -c %d "$1"; }
        await() { # a file of the share, for ten seconds at most
          for i in $(busybox seq 600); do
            [ ! -e "$SHARE/$1" ] || return 0
            busybox sleep 0.1
          done
          echo "$1 did not come" >&2
          exit 1
        }
        cat sub/inside "$HIDDEN/sub/inside"
        [ "$(number .)" != "$(number sub)" ]
        [ "$(number $HIDDEN)" = "$(number $HIDDEN/sub)" ]
        busybox grep -q " $SHARE/sub virtiofs " /proc/mounts
        [ -z "$(busybox find . -xdev -name inside)" ]
        [ -n "$(busybox find $HIDDEN -xdev -name inside)" ]
        echo "blocks $(busybox stat -f -c %b sub) $(busybox stat -f -c %b $HIDDEN/sub) $(busybox stat -f -c %b .)"
        perl -MErrno=EXDEV -e 'for (@ARGV) {
          die "$_: $!" if rename("$_/outside", "$_/sub/moved") || $! != EXDEV;
          die "$_: $!" if link("$_/outside", "$_/sub/linked") || $! != EXDEV;
        }' "$SHARE" "$HIDDEN"
        echo changed >sub/inside
        echo checked
        await late/inside
        cat late/inside "$HIDDEN/late/inside"
        [ "$(number .)" != "$(number late)" ]
        [ "$(number sub)" != "$(number late)" ]
        umount sub late
        echo 2 >/proc/sys/vm/drop_caches
        echo let go
        await sub/below
        [ ! -e "$HIDDEN/sub/inside" ]
        [ "$(number .)" = "$(number sub)" ]
        echo seen
        """;

    [Fact]
    public async Task Mounts_are_mounts_in_the_guest_too_or_look_like_folders_and_may_come_and_go()
    {
        UserModeLinux kernel = new();
        kernel.SkipTestUnlessAvailable("perl");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can mount file systems.");
        using TestFolder folder = new();
        string shared = folder.MakeShared();
        string sub = Directory.CreateDirectory(Path.Combine(shared, "sub")).FullName;
        string late = Directory.CreateDirectory(Path.Combine(shared, "late")).FullName;
        await File.WriteAllTextAsync(Path.Combine(shared, "outside"), "", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(sub, "below"), "", TestContext.Current.CancellationToken);
        try
        {
            await MountAsync(sub, "first\n");
            using Share shown = Start("shown", shared, announced: true);
            using Share hidden = Start("hidden", shared, announced: false);
            await using RunningGuest guest = await kernel.StartAsync(folder, new GuestOptions
            {
                Shares = [new GuestShare("shown", shown.Options.SocketPath), new GuestShare("hidden", hidden.Options.SocketPath)],
                Script = Script,
            });

            await guest.WaitForOutputAsync("checked");
            Assert.Equal("changed", await HostProgram.RunAsync("cat", Path.Combine(sub, "inside")));
            await MountAsync(late, "second\n");
            await guest.WaitForOutputAsync("let go");
            foreach (string mounted in (string[])[sub, late])
            {
                // What the guest gives back comes a moment later, and until then this fails.
                bool unmounted = await TryForAsync(TimeSpan.FromSeconds(60), () => HostProgram.RunAsync("umount", mounted));
                Assert.True(unmounted, $"The host could not unmount {mounted}, which the guest had let go of.");
            }

            GuestResult result = (await guest.WaitForEndAsync()).ShouldSucceed();
            Assert.StartsWith("first\nfirst\nblocks 256 256 ", result.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("blocks 256 256 256\n", result.Output, StringComparison.Ordinal);
            Assert.Contains("second\nsecond\n", result.Output, StringComparison.Ordinal);
        }
        finally
        {
            foreach (string mounted in (string[])[sub, late])
            {
                _ = await TryForAsync(TimeSpan.Zero, () => HostProgram.RunAsync("umount", "--lazy", mounted));
            }
        }

        Share Start(string tag, string path, bool announced) => Share.Start(new ShareOptions
        {
            Path = path, Tag = tag, SocketPath = folder.Socket(tag), FileSystem = new PassthroughOptions { AnnounceSubmounts = announced },
        });
    }

    private static async Task MountAsync(string path, string content)
    {
        await HostProgram.RunAsync("mount", "-t", "tmpfs", "-o", "size=1m", "none", path);
        await File.WriteAllTextAsync(Path.Combine(path, "inside"), content);
    }

    private static async Task<bool> TryForAsync(TimeSpan patience, Func<Task> action)
    {
        for (DateTime end = DateTime.UtcNow + patience; ; await Task.Delay(50))
        {
            try
            {
                await action();
                return true;
            }
            catch (InvalidOperationException) when (DateTime.UtcNow < end)
            {
                // It is tried again.
            }
            catch (InvalidOperationException)
            {
                return false;
            }
        }
    }
}
