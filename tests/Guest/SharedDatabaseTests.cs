using System.Globalization;
using VirtioFs.DeviceEngine;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>One SQLite database with a rollback journal that two guests and the host write to at once: locks must hold across all of them.</summary>
public sealed class SharedDatabaseTests
{
    private const int RowsEach = 150;

    [Fact]
    public async Task Two_guests_and_the_host_write_to_one_database_and_no_row_is_lost()
    {
        UserModeLinux kernel = new();
        kernel.SkipTestUnlessAvailable("sqlite3");
        using TestFolder folder = new();
        string shared = folder.MakeShared();
        string database = Path.Combine(shared, "rows.db");
        await HostProgram.RunAsync("sqlite3", database, "CREATE TABLE entry (writer TEXT NOT NULL, number INTEGER NOT NULL, UNIQUE (writer, number));");

        List<Share> shares = [];
        List<RunningGuest> guests = [];
        try
        {
            foreach (string tag in (string[])["one", "two"])
            {
                shares.Add(Share.Start(new ShareOptions { Path = shared, Tag = tag, SocketPath = folder.Socket(tag) }));
                guests.Add(await kernel.StartAsync(folder, new GuestOptions
                {
                    Name = tag,
                    Shares = [new GuestShare(tag, folder.Socket(tag))],
                    Script = Writer(tag, "rows.db"),
                }));
            }

            string host = Path.Combine(folder.Path, "write-on-host.sh");
            await File.WriteAllTextAsync(host, Writer("host", database), TestContext.Current.CancellationToken);
            Task<string> onHost = HostProgram.RunAsync("sh", "-e", host);
            foreach (RunningGuest guest in guests)
            {
                GuestResult result = (await guest.WaitForEndAsync()).ShouldSucceed();
                Assert.Contains("ok", result.Output, StringComparison.Ordinal);
            }

            await onHost;
        }
        finally
        {
            foreach (RunningGuest guest in guests)
            {
                await guest.DisposeAsync();
            }

            shares.ForEach(share => share.Dispose());
        }

        string found = await HostProgram.RunAsync("sqlite3", database, "PRAGMA integrity_check; SELECT writer, count(*), max(number) FROM entry GROUP BY writer;");
        string each = string.Create(CultureInfo.InvariantCulture, $"|{RowsEach}|{RowsEach}");
        Assert.Equal($"ok\nhost{each}\none{each}\ntwo{each}", found);
    }

    private static string Writer(string name, string database) => string.Create(CultureInfo.InvariantCulture, $"""
        i=0
        while [ $i -lt {RowsEach} ]; do
          i=$((i + 1))
          echo ".timeout 60000
        INSERT INTO entry VALUES ('{name}', $i);"
        done | sqlite3 -bail {database}
        sqlite3 -cmd '.timeout 60000' {database} 'PRAGMA integrity_check;'
        """);
}
