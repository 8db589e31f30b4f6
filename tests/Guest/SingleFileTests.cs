using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>A share of a single file: a guest mounts a directory with nothing else in it.</summary>
public sealed class SingleFileTests
{
    private const string Script = """
        refused() {
          if "$@" 2>/run/said; then echo "Not refused: $*"; exit 1; fi
          busybox grep -q 'Operation not permitted' /run/said || { echo "$*: $(cat /run/said)"; exit 1; }
        }
        ls -la | busybox awk 'NR > 1 { print $1, $NF }'
        [ "$(busybox stat -c %i .)" != "$(busybox stat -c %i notes)" ]
        cat notes
        echo more >>notes
        refused rm -f notes
        refused mv notes other
        refused ln notes other
        refused ln -s notes other
        refused touch other
        refused mkdir other
        refused chmod 700 .
        refused touch -d 2001-01-01 .
        refused setfattr -n user.x -v y .
        [ -z "$(getfattr -d -m - .)" ]
        [ ! -e other ]
        [ ! -e beside ]
        busybox stat -f . >/dev/null
        busybox sync -f .
        exec 9>>notes
        flock -x 9
        wait_for_host replaced
        exec 9>&-
        for i in $(busybox seq 50); do
          [ "$(cat notes)" != anew ] || break
          busybox sleep 0.1
        done
        cat notes
        wait_for_host removed
        for i in $(busybox seq 50); do
          [ -e notes ] || break
          busybox sleep 0.1
        done
        [ -z "$(ls -A)" ]
        refused touch notes
        """;

    [Fact]
    public async Task A_guest_reads_writes_and_locks_the_file_and_can_do_nothing_beside_it()
    {
        UserModeLinux kernel = new();
        kernel.SkipTestUnlessAvailable("setfattr", "getfattr", "flock");
        using TestFolder folder = new();
        string shared = folder.MakeShared();
        string notes = Path.Combine(shared, "notes");
        await File.WriteAllTextAsync(notes, "first\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(shared, "beside"), "", TestContext.Current.CancellationToken);
        await HostProgram.RunAsync("setfattr", "-n", "user.kept", "-v", "here", shared);
        await HostProgram.RunAsync("chmod", "640", notes);
        using Share share = Share.Start(new ShareOptions { Path = notes, Tag = "notes", SocketPath = folder.Socket("notes") });
        await using RunningGuest guest = await kernel.StartAsync(folder, new GuestOptions
        {
            Shares = [new GuestShare(share.Options.Tag, share.Options.SocketPath)],
            Script = Script,
        });

        await guest.WaitUntilItWaitsAsync("replaced");
        await Assert.ThrowsAsync<InvalidOperationException>(() => HostProgram.RunAsync("flock", "-n", notes, "true"));
        Assert.Equal("first\nmore", await HostProgram.RunAsync("cat", notes));
        await File.WriteAllTextAsync(notes + ".new", "anew\n", TestContext.Current.CancellationToken);
        File.Move(notes + ".new", notes, overwrite: true);
        await guest.LetGoOnAsync("replaced");
        await guest.WaitUntilItWaitsAsync("removed");
        File.Delete(notes);
        await guest.LetGoOnAsync("removed");
        GuestResult result = (await guest.WaitForEndAsync()).ShouldSucceed();
        Assert.StartsWith("dr-xr-xr-x .\ndrwxr-xr-x ..\n-rw-r----- notes\nfirst\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("\nanew\n", result.Output, StringComparison.Ordinal);
        Assert.Equal(["beside"], Directory.EnumerateFileSystemEntries(shared).Select(Path.GetFileName));
    }
}
