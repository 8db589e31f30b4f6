using System.Diagnostics;
using VirtioFs.LibvirtXml.Connection;
using VirtioFs.LibvirtXml.Connection.Native;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>One dead connection is nobody else's problem.</summary>
public sealed class ConnectionPoolTests
{
    private const string TestDriver = "test:///default";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static readonly LibvirtLimits Short = new() { Open = TimeSpan.FromMilliseconds(300) };

    public ConnectionPoolTests()
    {
        try
        {
            LibvirtLibrary.Load();
        }
        catch (LibvirtUnavailableException exception)
        {
            Assert.Skip(exception.Message);
        }
    }

    [Fact]
    public async Task Others_connect_while_a_daemon_does_not_answer_and_the_wait_for_it_can_be_cancelled()
    {
        using SilentDaemon daemon = new();
        using ConnectionPool pool = new();
        using CancellationTokenSource stop = new();
        Task dead = Task.Run(() => pool.Get(daemon.Uri, cancellationToken: stop.Token), Token);
        await WaitFor(() => daemon.Connections > 0);

        Stopwatch clock = Stopwatch.StartNew();
        Assert.NotEmpty(pool.Get(TestDriver, cancellationToken: Token).ListDomains());
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"Another URI took {clock.Elapsed}.");

        clock.Restart();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dead);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(2), $"The end of the wait took {clock.Elapsed}.");
    }

    [Fact]
    public async Task All_who_want_one_uri_share_one_attempt()
    {
        using SilentDaemon daemon = new();
        using ConnectionPool pool = new();
        using CancellationTokenSource stop = new();
        Task[] waiters = [.. Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
            () => pool.Get(daemon.Uri, cancellationToken: stop.Token), Token, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        await WaitFor(() => daemon.Connections > 0);

        await stop.CancelAsync();
        foreach (Task waiter in waiters)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiter);
        }

        Assert.Equal(1, daemon.Connections);
    }

    [Fact]
    public void Closing_the_pool_waits_for_nobody()
    {
        using SilentDaemon daemon = new();
        ConnectionPool pool = new();
        using CancellationTokenSource stop = new(TimeSpan.FromMilliseconds(200));
        Assert.ThrowsAny<OperationCanceledException>(() => pool.Get(daemon.Uri, cancellationToken: stop.Token));
        _ = pool.Get(TestDriver, cancellationToken: Token);

        Stopwatch clock = Stopwatch.StartNew();
        pool.Dispose();

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(1), $"Closing took {clock.Elapsed}.");
        Assert.NotEmpty(pool.Get(TestDriver, cancellationToken: Token).ListDomains());
        pool.Dispose();
    }

    [Fact]
    public void A_daemon_that_does_not_answer_is_an_error_within_the_limit_and_hanging_attempts_are_few()
    {
        using SilentDaemon daemon = new();
        using ConnectionPool pool = new(Short);
        for (int time = 0; time < 8; time++)
        {
            LibvirtException exception = Assert.Throws<LibvirtException>(() => pool.Get(daemon.Uri, cancellationToken: Token));
            Assert.Equal("LibvirtTimeout", exception.ErrorId);
            Assert.Contains(daemon.Path, exception.Message, StringComparison.Ordinal);
            Assert.Contains("0.3 seconds", exception.Message, StringComparison.Ordinal);
            Assert.Contains(LibvirtLimits.Variable, exception.Message, StringComparison.Ordinal);
        }

        Assert.Equal(4, daemon.Connections);

    }

    [Fact]
    public void A_connection_that_nobody_waits_for_any_more_is_used_by_the_next_who_asks()
    {
        using ConnectionPool pool = new();
        using CancellationTokenSource stopped = new();
        stopped.Cancel();

        Assert.ThrowsAny<OperationCanceledException>(() => pool.Get(TestDriver, cancellationToken: stopped.Token));
        Assert.NotEmpty(pool.Get(TestDriver, cancellationToken: Token).ListDomains());
    }

    [Fact]
    public void A_cancelled_token_ends_each_call_of_its_connection_and_of_no_other()
    {
        using ConnectionPool pool = new();
        using CancellationTokenSource stop = new();
        LibvirtConnection connection = pool.Get(TestDriver, cancellationToken: stop.Token);
        using LibvirtDomain domain = connection.GetDomain("test");
        stop.Cancel();

        Assert.ThrowsAny<OperationCanceledException>(() => connection.ListDomains());
        Assert.ThrowsAny<OperationCanceledException>(() => domain.State);
        Assert.NotEmpty(pool.Get(TestDriver, cancellationToken: Token).ListDomains());
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("&no_tty=1", true)]
    [InlineData("&no_tty=0", false)]
    public void Ssh_is_kept_from_asking_on_the_terminal_unless_the_uri_says_otherwise(string parameter, bool isKept)
    {
        using TemporaryFolder folder = new();
        string ssh = System.IO.Path.Combine(folder.Path, "ssh");
        File.WriteAllText(ssh, $"#!/bin/sh\necho \"$@\" > {folder.Path}/arguments\necho 'ada@host: Permission denied (publickey,password).' >&2\nexit 255\n");
        File.SetUnixFileMode(ssh, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        LibvirtException exception = Assert.Throws<LibvirtException>(
            () => LibvirtConnection.Open($"qemu+ssh://ada@host/system?command={ssh}{parameter}", cancellationToken: Token));

        Assert.Equal("AuthenticationFailed", exception.ErrorId);
        Assert.Contains("ssh-agent", exception.Message, StringComparison.Ordinal);
        string arguments = File.ReadAllText($"{folder.Path}/arguments");
        Assert.Equal(isKept, arguments.Contains("-o BatchMode=yes", StringComparison.Ordinal));
    }

    [Fact]
    public void A_password_that_nobody_is_there_to_give_is_an_error_at_once()
    {
        using TemporaryFolder folder = new();
        string node = System.IO.Path.Combine(folder.Path, "node.xml");
        File.WriteAllText(node, "<node><auth><user password='secret'>ada</user></auth></node>");

        Stopwatch clock = Stopwatch.StartNew();
        LibvirtException exception = Assert.Throws<LibvirtException>(() => LibvirtConnection.Open($"test://{node}", cancellationToken: Token));

        Assert.Equal("AuthenticationFailed", exception.ErrorId);
        Assert.Contains("auth.conf", exception.Message, StringComparison.Ordinal);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"The refusal took {clock.Elapsed}.");
    }

    [Fact]
    public void Whatever_keeps_a_connection_closed_is_an_error_of_the_connection()
    {
        using TemporaryFolder folder = new();
        string broken = System.IO.Path.Combine(folder.Path, "node.xml");
        File.WriteAllText(broken, "<node>");

        Assert.Equal("ConnectionFailed", Assert.Throws<LibvirtException>(() => LibvirtConnection.Open($"test://{broken}", cancellationToken: Token)).ErrorId);
        Assert.Equal("ConnectionFailed", Assert.Throws<LibvirtException>(() => LibvirtConnection.Open("nonsense:///x", cancellationToken: Token)).ErrorId);
    }

    private static async Task WaitFor(Func<bool> state)
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (!state())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), "The state did not come.");
            await Task.Delay(10, Token);
        }
    }
}
