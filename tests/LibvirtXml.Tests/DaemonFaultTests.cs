using System.Diagnostics;
using VirtioFs.LibvirtXml.Connection;
using VirtioFs.LibvirtXml.Connection.Native;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>A real libvirtd that is restarted, or that stops answering.</summary>
public sealed class DaemonFaultTests
{
    /// <summary>More than the threads whose stacks the C library keeps for new ones.</summary>
    private const int Callers = 60;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Domain NewDomain(string name) => Domain.Parse(
        $"<domain type='test'><name>{name}</name><memory unit='KiB'>1048576</memory><vcpu>2</vcpu><os><type>hvm</type></os><devices/></domain>");

    [Fact]
    public void A_daemon_that_restarts_costs_a_reader_nothing_but_a_new_connection()
    {
        using OwnDaemon daemon = new();
        using ConnectionPool pool = new();
        LibvirtConnection connection = pool.Get(daemon.Uri, cancellationToken: Token);
        using LibvirtDomain domain = connection.GetDomain("test");
        Assert.Equal(DomainState.Running, domain.State);

        for (int time = 0; time < 3; time++)
        {
            daemon.Stop();
            daemon.Start();

            // At once, before the client may have noticed that the old connection is closed.
            Assert.Equal(DomainState.Running, domain.State);
            Assert.Contains(connection.ListDomains(), found => found.Uuid == domain.Uuid);
            Assert.Equal("test", pool.Get(daemon.Uri, cancellationToken: Token).GetDomain("test").Name);
        }
    }

    [Fact]
    public void A_change_right_after_a_restart_is_made_once()
    {
        using OwnDaemon daemon = new();
        using LibvirtConnection connection = LibvirtConnection.Open(daemon.Uri, cancellationToken: Token);
        using LibvirtDomain domain = connection.GetDomain("test");
        daemon.Stop();
        daemon.Start();

        domain.Destroy();
        Assert.Equal(DomainState.Off, domain.State);
        using LibvirtDomain defined = connection.Define(NewDomain("made-after"));
        Assert.Equal("made-after", defined.GetDefinition().Name);
    }

    [Fact]
    public void A_daemon_that_is_gone_is_one_clear_error()
    {
        using OwnDaemon daemon = new();
        using LibvirtConnection connection = LibvirtConnection.Open(daemon.Uri, cancellationToken: Token);
        daemon.Stop();

        LibvirtException exception = Assert.Throws<LibvirtException>(() => connection.ListDomains());

        Assert.Equal("ConnectionFailed", exception.ErrorId);
        Assert.False(connection.IsAlive);
    }

    [Fact]
    public void Calls_of_a_daemon_that_stops_answering_end_by_their_limit_or_their_token_and_it_can_come_back()
    {
        using OwnDaemon daemon = new();
        LibvirtLimits limits = new() { Read = TimeSpan.FromMilliseconds(500) };
        using CancellationTokenSource stop = new();
        using LibvirtConnection connection = LibvirtConnection.Open(daemon.Uri, limits: limits, cancellationToken: Token);
        using LibvirtConnection stopped = LibvirtConnection.Open(daemon.Uri, cancellationToken: Token).WithCancellation(stop.Token);
        daemon.Freeze();

        LibvirtException exception = Assert.Throws<LibvirtException>(() => connection.ListDomains());
        Assert.Equal("LibvirtTimeout", exception.ErrorId);
        Assert.Contains("0.5 seconds", exception.Message, StringComparison.Ordinal);

        Stopwatch clock = Stopwatch.StartNew();
        stop.CancelAfter(TimeSpan.FromMilliseconds(200));
        Assert.ThrowsAny<OperationCanceledException>(() => stopped.ListDomains());
        connection.Dispose();
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(2), $"Stopping took {clock.Elapsed}.");

        daemon.Thaw();
        using LibvirtConnection again = LibvirtConnection.Open(daemon.Uri, cancellationToken: Token);
        Assert.NotEmpty(again.ListDomains());
    }

    [Fact]
    public async Task A_slow_daemon_ends_no_process_whose_threads_have_waited_for_it()
    {
        // Clients before libvirt 10.4 keep a pointer into the stack of a thread that was woken while it waited (CVE-2024-4418), by a keepalive message or
        // another thread's call. A later call on that connection ends the process, and this test program with it.
        using OwnDaemon daemon = new();
        using ConnectionPool pool = new(new LibvirtLimits { Open = TimeSpan.FromMinutes(3), Read = TimeSpan.FromMinutes(3) });
        using CancellationTokenSource stop = new();
        LibvirtConnection connection = pool.Get(daemon.Uri, cancellationToken: Token);
        LibvirtConnection stopped = pool.Get(daemon.Uri, cancellationToken: stop.Token);
        Assert.NotEmpty(connection.ListDomains());
        daemon.Freeze();
        Task<int>[] waiting = [.. Enumerable.Range(0, Callers).Select(number => Task.Factory.StartNew(
            () => (number % 2 == 0 ? connection : stopped).ListDomains().Count, Token, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        await Task.Delay(TimeSpan.FromSeconds((LibvirtEventLoop.KeepAliveInterval * (LibvirtEventLoop.KeepAliveCount + 1)) + 2), Token);
        await stop.CancelAsync();
        daemon.Thaw();

        foreach (Task<int> call in waiting.Where((_, number) => number % 2 == 0))
        {
            Assert.True(await call > 0);
        }

        foreach (Task<int> call in waiting.Where((_, number) => number % 2 != 0))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        }

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
            () =>
            {
                for (int time = 0; time < 25; time++)
                {
                    Assert.NotEmpty(connection.ListDomains());
                }
            },
            Token,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
    }
}
