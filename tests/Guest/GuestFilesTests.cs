using System.Globalization;
using System.Security.Cryptography;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>What ordinary programs do with a share, in a real guest kernel; on the host everything must have arrived.</summary>
public abstract class GuestFilesTests
{
    private readonly GuestKernel _kernel;

    private protected GuestFilesTests(GuestKernel kernel) => _kernel = kernel;

    [Fact]
    public async Task Ten_thousand_files_are_created_renamed_listed_read_back_and_deleted()
    {
        _kernel.SkipTestUnlessAvailable("perl");
        using TestFolder folder = new();
        string shared = folder.MakeShared();
        await using Backend backend = await Backend.StartAsync(folder, shared);

        GuestOptions first = new()
        {
            Name = "first",
            Shares = [backend.Share],
            Script = """
                for step in make rename list; do
                  perl "$WORKLOADS/tree.pl" $step tree
                done
                """,
        };
        (await _kernel.RunAsync(folder, first)).ShouldSucceed();

        string[] arrived = Directory.GetFiles(Path.Combine(shared, "tree"), "*", SearchOption.AllDirectories);
        Assert.Equal(10_000, arrived.Length);
        Assert.All(arrived, path =>
        {
            string original = Path.GetRelativePath(Path.Combine(shared, "tree"), path).Replace("renamed-", "", StringComparison.Ordinal);
            Assert.StartsWith(original + "\n", File.ReadAllText(path), StringComparison.Ordinal);
        });

        GuestOptions second = first with
        {
            Name = "second",
            Script = """
                for step in read delete; do
                  perl "$WORKLOADS/tree.pl" $step tree
                done
                """,
        };
        (await _kernel.RunAsync(folder, second)).ShouldSucceed();

        Assert.Empty(Directory.GetFileSystemEntries(shared));
    }

    [Fact]
    public async Task A_file_of_1_GiB_has_the_same_checksum_on_both_sides()
    {
        _kernel.SkipTestUnlessAvailable();
        using TestFolder folder = new();
        string shared = folder.MakeShared();
        string checksum = await WriteRandomFileAsync(Path.Combine(shared, "from-host"), mebibytes: 1024);
        await using Backend backend = await Backend.StartAsync(folder, shared);

        GuestResult result = (await _kernel.RunAsync(folder, new GuestOptions
        {
            Shares = [backend.Share],
            TimeLimit = TimeSpan.FromMinutes(4),
            Script = """
                busybox dd if=from-host of=from-guest bs=1M
                busybox sync
                echo 3 >/proc/sys/vm/drop_caches
                busybox sha256sum from-guest
                """,
        })).ShouldSucceed();

        Assert.Contains($"{checksum}  from-guest", result.Output, StringComparison.Ordinal);
        Assert.Equal(checksum, await ChecksumAsync(Path.Combine(shared, "from-guest")));
    }

    [Fact]
    public async Task Git_clones_a_repository_inside_the_share_and_finds_it_sound()
    {
        _kernel.SkipTestUnlessAvailable("git", "perl");
        using TestFolder folder = new();
        string shared = folder.MakeShared();
        string origin = Path.Combine(shared, "origin");
        await MakeRepositoryAsync(origin);
        await using Backend backend = await Backend.StartAsync(folder, shared);

        (await _kernel.RunAsync(folder, new GuestOptions
        {
            Shares = [backend.Share],
            Programs = ["git"],
            Script = """
                git config --global --add safe.directory '*'
                git clone -q origin linked
                git clone -q "file://$SHARE/origin" copied
                for clone in linked copied; do
                  git -C $clone fsck --full --strict
                  test -z "$(git -C $clone status --porcelain)"
                  test "$(git -C $clone rev-parse HEAD)" = "$(git -C origin rev-parse HEAD)"
                done
                echo one more line >>copied/file-1.txt
                git -C copied -c user.name=guest -c user.email=guest@localhost commit -q -a -m 'From the guest'
                git -C copied push -q origin HEAD:refs/heads/from-guest
                git -C copied gc -q
                git -C copied fsck --full --strict
                """,
        })).ShouldSucceed();

        await HostProgram.RunAsync("git", "-c", "safe.directory=*", "-C", Path.Combine(shared, "copied"), "fsck", "--full", "--strict");
        Assert.Equal("From the guest",
            await HostProgram.RunAsync("git", "-c", "safe.directory=*", "-C", origin, "log", "-1", "--format=%s", "from-guest"));
    }

    [Fact]
    public async Task Sqlite_writes_10000_rows_and_the_database_is_sound_on_both_sides()
    {
        _kernel.SkipTestUnlessAvailable("sqlite3", "perl");
        using TestFolder folder = new();
        string shared = folder.MakeShared();
        await using Backend backend = await Backend.StartAsync(folder, shared);

        GuestResult result = (await _kernel.RunAsync(folder, new GuestOptions
        {
            Shares = [backend.Share],
            Programs = ["sqlite3"],
            Script = """
                {
                  echo 'CREATE TABLE entry (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);'
                  perl -e 'for my $batch (0 .. 19) {
                    print "BEGIN;\n";
                    printf "INSERT INTO entry (name) VALUES (\x27row %d\x27);\n", $batch * 500 + $_ for 1 .. 500;
                    print "COMMIT;\n";
                  }'
                } | sqlite3 rows.db
                sqlite3 rows.db 'SELECT count(*), min(name), max(id) FROM entry; PRAGMA integrity_check;'
                """,
        })).ShouldSucceed();

        const string sound = "10000|row 1|10000\nok";
        Assert.Contains(sound, result.Output, StringComparison.Ordinal);
        Assert.Equal(sound, await HostProgram.RunAsync("sqlite3", Path.Combine(shared, "rows.db"),
            "SELECT count(*), min(name), max(id) FROM entry; PRAGMA integrity_check;"));
    }

    [Fact]
    public async Task A_guest_that_reboots_mounts_the_share_again()
    {
        _kernel.SkipTestUnlessAvailable();
        using TestFolder folder = new();
        string shared = folder.MakeShared();
        await using Backend backend = await Backend.StartAsync(folder, shared);

        GuestResult result = (await _kernel.RunAsync(folder, new GuestOptions
        {
            Shares = [backend.Share],
            Script = """
                boot=$(cat /proc/sys/kernel/random/boot_id)
                echo "$boot" >>boots
                busybox sync
                if [ "$(wc -l <boots)" -lt 3 ]; then
                  exec 5>open-at-reboot
                  restart_guest
                fi
                cat boots
                """,
        })).ShouldSucceed();

        string[] boots = await File.ReadAllLinesAsync(Path.Combine(shared, "boots"), TestContext.Current.CancellationToken);
        Assert.Equal(3, boots.Distinct().Count());
        Assert.Equal(boots, result.Output.TrimEnd().Split('\n').TakeLast(3));
    }

    private static async Task<string> WriteRandomFileAsync(string path, int mebibytes)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using FileStream file = File.Create(path);
        byte[] block = new byte[1 << 20];
        for (int i = 0; i < mebibytes; i++)
        {
            RandomNumberGenerator.Fill(block);
            hash.AppendData(block);
            await file.WriteAsync(block);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static async Task<string> ChecksumAsync(string path)
    {
        await using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file));
    }

    private static async Task MakeRepositoryAsync(string path)
    {
        await HostProgram.RunAsync("git", "init", "-q", "-b", "main", path);
        for (int commit = 1; commit <= 5; commit++)
        {
            for (int file = 1; file <= 60; file++)
            {
                string text = string.Concat(Enumerable.Repeat(string.Create(CultureInfo.InvariantCulture, $"line of {file} in {commit}\n"), 40 * commit));
                await File.WriteAllTextAsync(Path.Combine(path, $"file-{file}.txt"), text);
            }

            await HostProgram.RunAsync("git", "-C", path, "add", ".");
            await HostProgram.RunAsync("git", "-C", path, "-c", "user.name=host", "-c", "user.email=host@localhost",
                "commit", "-q", "-m", $"Commit {commit}");
        }
    }
}
