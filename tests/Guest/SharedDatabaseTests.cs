using System.Globalization;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>SQLite databases on a share that several write to at once, for as long as <see cref="Exercise.Seconds"/> says.</summary>
public sealed class SharedDatabaseTests
{
    private const string Table = "CREATE TABLE entry (writer TEXT NOT NULL, number INTEGER NOT NULL, UNIQUE (writer, number));";

    private readonly UserModeLinux _kernel = new();

    public static TheoryData<string> Policies => Exercise.MappablePolicies;

    [Fact]
    public async Task Two_guests_and_the_host_write_to_one_database_and_no_row_is_lost()
    {
        _kernel.SkipTestUnlessAvailable("sqlite3");
        using TestFolder folder = new();
        string shared = folder.MakeShared();
        string database = Path.Combine(shared, "rows.db");
        await HostProgram.RunAsync("sqlite3", database, Table);

        List<Share> shares = [];
        List<RunningGuest> guests = [];
        List<string> expected = [];
        try
        {
            foreach (string tag in (string[])["one", "two"])
            {
                shares.Add(Share.Start(new ShareOptions { Path = shared, Tag = tag, SocketPath = folder.Socket(tag) }));
                guests.Add(await _kernel.StartAsync(folder, new GuestOptions
                {
                    Name = tag,
                    Shares = [new GuestShare(tag, folder.Socket(tag))],
                    TimeLimit = TimeSpan.FromMinutes(3) + TimeSpan.FromSeconds(Exercise.Seconds * 3),
                    Script = $"{Writer(tag, "rows.db")}\nsqlite3 -cmd '.timeout 60000' rows.db 'PRAGMA integrity_check;'",
                }));
            }

            string host = Path.Combine(folder.Path, "write-on-host.sh");
            await File.WriteAllTextAsync(host, Writer("host", database), TestContext.Current.CancellationToken);
            Task<string> onHost = HostProgram.RunAsync("sh", "-eu", host);
            foreach (RunningGuest guest in guests)
            {
                string[] lines = (await guest.WaitForEndAsync()).ShouldSucceed().Output.TrimEnd().Split('\n');
                Assert.Equal("ok", lines[^1]);
                expected.Add(lines[^2]);
            }

            expected.Insert(0, await onHost);
        }
        finally
        {
            foreach (RunningGuest guest in guests)
            {
                await guest.DisposeAsync();
            }

            shares.ForEach(share => share.Dispose());
        }

        string[] content = await ContentAsync(database);
        Assert.Equal((string[])["ok", .. expected], content);
        Assert.All(expected, line => Assert.DoesNotContain("|0|", line, StringComparison.Ordinal));
    }

    // A write-ahead log needs memory that is shared through a file.
    [Theory]
    [MemberData(nameof(Policies))]
    public async Task Programs_of_one_guest_share_a_database_with_a_write_ahead_log(string policy)
    {
        _kernel.SkipTestUnlessAvailable("sqlite3");
        using TestFolder folder = new();
        GuestResult result = await Exercise.RunAsync(_kernel, folder, policy, $"""
            echo "PRAGMA journal_mode=WAL; {Table}" | sqlite3 -bail rows.db
            (
            {Writer("first", "rows.db")}
            ) &
            {Writer("second", "rows.db")}
            wait $!
            sqlite3 rows.db 'PRAGMA integrity_check; PRAGMA journal_mode; SELECT writer, count(*), max(number) FROM entry GROUP BY writer;'
            """);
        string[] lines = result.Output.TrimEnd().Split('\n');
        Assert.Equal(["ok", "wal"], lines[^4..^2]);
        Assert.All(lines[^2..], line => Assert.Contains(line, lines[..^4]));
        string[] content = await ContentAsync(Path.Combine(folder.MakeShared(), "rows.db"));
        Assert.Equal((string[])["ok", .. lines[^2..]], content);
    }

    /// <summary>Writes rows, one a transaction, until the time is up, and then says how many there must be.</summary>
    private static string Writer(string name, string database) => string.Create(CultureInfo.InvariantCulture, $"""
        i=0
        end=$(($(date +%s) + {Exercise.Seconds}))
        while [ $(date +%s) -lt $end ]; do
          for more in 1 2 3 4 5 6 7 8 9 10; do
            i=$((i + 1))
            echo "INSERT INTO entry VALUES ('{name}', $i);"
          done | sqlite3 -bail -cmd '.timeout 60000' {database}
          i=$((i + 10))
        done
        echo "{name}|$i|$i"
        """);

    private static async Task<string[]> ContentAsync(string database) => (await HostProgram.RunAsync(
        "sqlite3", database, "PRAGMA integrity_check; SELECT writer, count(*), max(number) FROM entry GROUP BY writer;")).Split('\n');
}
