using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using VirtioFs.LibvirtXml.Changes;
using VirtioFs.LibvirtXml.Connection;
using VirtioFs.LibvirtXml.FileSystems;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>Daemons elsewhere: a second one on a socket of its own, one behind ssh, one that is not there, and one that wants a password.</summary>
public sealed class RemoteTests
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(20);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Two_daemons_keep_their_domains_apart()
    {
        using OwnDaemon here = new();
        using OwnDaemon there = new();
        using ConnectionPool pool = new();
        LibvirtConnection first = pool.Get(here.Uri, cancellationToken: Token);
        LibvirtConnection second = pool.Get(there.Uri, cancellationToken: Token);
        using LibvirtDomain mine = first.Define(NewDomain("same-name"));
        using LibvirtDomain theirs = second.Define(NewDomain("same-name"));
        string untouched = theirs.GetDefinition(inactive: true).Xml;

        Add(mine, "added");

        Assert.NotEqual(mine.Uuid, theirs.Uuid);
        Assert.Equal(untouched, theirs.GetDefinition(inactive: true).Xml);
        Assert.Equal("DomainNotFound", Assert.Throws<LibvirtException>(() => second.GetDomain(mine.Uuid)).ErrorId);

        // One that dies takes nothing from the other, and its domains are not looked for there.
        here.Stop();
        Assert.Equal("ConnectionFailed", Assert.Throws<LibvirtException>(() => mine.GetDefinition()).ErrorId);
        Assert.Equal("same-name", second.GetDomain(theirs.Uuid).Name);
    }

    [Fact]
    public void A_domain_behind_ssh_is_read_and_changed_like_one_that_is_here()
    {
        using OwnDaemon daemon = new();
        using OwnSshServer ssh = new();
        using LibvirtConnection local = LibvirtConnection.Open(daemon.Uri, cancellationToken: Token);
        using LibvirtDomain domain = local.Define(NewDomain("remote"));
        using LibvirtConnection remote = LibvirtConnection.Open(UriOf(ssh, daemon), cancellationToken: Token);
        TestContext.Current.SendDiagnosticMessage(ssh.IsReal ? "Through sshd." : "sshd is not installed: through the command that it would run.");

        using LibvirtDomain seen = remote.GetDomain(domain.Uuid);
        Add(seen, "through-ssh");

        Assert.False(remote.IsLocal);
        Assert.Equal(["through-ssh"], domain.GetDefinition(inactive: true).FileSystems.Select(device => device.Tag));
        Assert.Equal(remote.ListDomains().Select(found => found.Uuid), local.ListDomains().Select(found => found.Uuid));

        // The other end is restarted: the ssh program ends, and the next call starts another one.
        daemon.Stop();
        daemon.Start();
        Assert.Contains("test", remote.ListDomains().Select(found => found.Name));
    }

    [Fact]
    public void An_ssh_server_that_would_ask_is_an_error_at_once()
    {
        using OwnDaemon daemon = new();
        using OwnSshServer ssh = new();
        if (!ssh.IsReal)
        {
            File.WriteAllText(ssh.Program, "#!/bin/sh\necho 'ada@host: Permission denied (publickey,password).' >&2\nexit 255\n");
        }

        ssh.Accept(isKeyAccepted: false);
        Refuses(UriOf(ssh, daemon), "AuthenticationFailed", "ssh-agent");
        ssh.Accept(isKeyAccepted: true);
        ssh.Forget();
        Refuses(UriOf(ssh, daemon), "AuthenticationFailed", "accept the host's key once");
    }

    [Theory]
    [InlineData("ssh: connect to host h port 22: Connection refused", "runs an ssh server")]
    [InlineData("ssh: connect to host h port 22: No route to host", "runs an ssh server")]
    [InlineData("ssh: Could not resolve hostname h: Name or service not known", "correct its name")]
    [InlineData("kex_exchange_identification: Connection closed by remote host", "runs an ssh server")]
    [InlineData("nc: unix connect failed: No such file or directory", "its daemon runs")]
    [InlineData("virt-ssh-helper: cannot connect to '/run/libvirt/libvirt-sock': Permission denied", "member of the group libvirt")]
    public void A_remote_that_is_not_there_is_no_matter_of_passwords(string words, string advice)
    {
        using TemporaryFolder folder = new();
        string ssh = folder.Write("ssh", $"#!/bin/sh\necho \"{words}\" >&2\nexit 255\n");
        File.SetUnixFileMode(ssh, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        Refuses($"qemu+ssh://h/system?command={ssh}", "ConnectionFailed", advice);
    }

    [Fact]
    public void A_real_ssh_to_a_port_where_nobody_listens_is_an_error_at_once()
    {
        Tool.Require("ssh", "openssh-client");
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        Refuses($"qemu+ssh://127.0.0.1:{port}/system", "ConnectionFailed", "runs an ssh server");
    }

    [Fact]
    public async Task A_remote_that_swallows_everything_ends_by_the_limit_or_the_token()
    {
        Tool.Require("ssh", "openssh-client");
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        string uri = $"qemu+ssh://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture)}/system";
        LibvirtLimits limits = new() { Open = TimeSpan.FromMilliseconds(500) };

        Assert.Equal("LibvirtTimeout", Assert.Throws<LibvirtException>(() => LibvirtConnection.Open(uri, limits: limits, cancellationToken: Token)).ErrorId);

        using CancellationTokenSource stop = new();
        Task open = Task.Run(() => LibvirtConnection.Open(uri, cancellationToken: stop.Token), Token);
        using Socket client = await listener.AcceptSocketAsync(Token);
        Stopwatch clock = Stopwatch.StartNew();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => open);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(2), $"Stopping took {clock.Elapsed}.");
    }

    private static string UriOf(OwnSshServer ssh, OwnDaemon daemon) => $"test+ssh://localhost/default?command={ssh.Program}&socket={daemon.Socket}";

    private static void Refuses(string uri, string errorId, string advice)
    {
        Stopwatch clock = Stopwatch.StartNew();
        LibvirtException exception = Assert.Throws<LibvirtException>(() => LibvirtConnection.Open(uri, cancellationToken: Token));
        Assert.True(clock.Elapsed < AtOnce, $"The refusal took {clock.Elapsed}.");
        Assert.Equal(errorId, exception.ErrorId);
        Assert.Contains(advice, exception.Message, StringComparison.Ordinal);
    }

    private static void Add(LibvirtDomain domain, string tag)
    {
        using DomainChange change = DomainChange.Edit(domain);
        change.Apply(definition => definition.AddFileSystem(new FileSystem { Tag = tag, SourceDirectory = "/srv" }));
        change.Commit().Dispose();
    }

    private static Domain NewDomain(string name) => Domain.Parse(
        $"<domain type='test'><name>{name}</name><memory unit='KiB'>1048576</memory><vcpu>2</vcpu><os><type>hvm</type></os><devices/></domain>");
}
