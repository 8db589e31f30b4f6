using System.Net.Sockets;
using VirtioFs.LibvirtXml.Connection;
using VirtioFs.LibvirtXml.Connection.Native;
using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Memory;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>libvirt's own test driver stands in for a hypervisor.</summary>
public sealed class LibvirtConnectionTests
{
    private const string TestDriver = "test:///default";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static LibvirtConnection Open(bool readOnly = false)
    {
        try
        {
            return LibvirtConnection.Open(TestDriver, readOnly, cancellationToken: Token);
        }
        catch (LibvirtUnavailableException exception)
        {
            Assert.Skip(exception.Message);
            throw;
        }
    }

    private static Domain NewDomain(string name, string extra = "") => Domain.Parse(
        $"<domain type='test'>\n  <name>{name}</name>\n  <memory unit='KiB'>1048576</memory>\n{extra}  <vcpu>2</vcpu>\n  <os>\n    <type>hvm</type>\n  </os>\n  <devices/>\n</domain>\n");

    [Fact]
    public void The_test_driver_lists_its_domain()
    {
        using LibvirtConnection connection = Open();

        using LibvirtDomain domain = connection.GetDomain("test");

        Assert.Contains(connection.ListDomains(), found => found.Name == "test");
        Assert.Equal(DomainState.Running, domain.State);
        Assert.True(domain.IsActive);
        Assert.True(domain.IsPersistent);
        Assert.Equal(1, domain.Id);
        Assert.Equal("6695eb01-f6a4-8304-79aa-97f2502e193f", domain.Uuid.ToString());
        Assert.Equal(domain.Uuid, connection.GetDomain(domain.Uuid.ToString()).Uuid);
        Assert.Equal("test", domain.GetDefinition().Name);
        Assert.Equal(domain.GetDefinition().Xml, Domain.Parse(domain.GetDefinition().Xml).Xml);
        Assert.Equal(TestDriver, connection.Uri);
        Assert.Equal("TEST", connection.HypervisorType, ignoreCase: true);
        Assert.True(connection.IsAlive);
        Assert.True(connection.GetLibvirtVersion() >= new Version(5, 0, 0));
        Assert.StartsWith("<capabilities>", connection.GetCapabilities(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_domain_is_defined_changed_started_stopped_and_undefined()
    {
        using LibvirtConnection connection = Open();
        Domain domain = NewDomain("made-here");
        domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true });
        domain.AddFileSystem(new FileSystem { Tag = "share", SourceDirectory = "/srv" });

        using LibvirtDomain defined = connection.Define(domain);
        Assert.False(defined.IsActive);
        Assert.Null(defined.Id);
        Assert.Equal(DomainState.Off, defined.State);
        Assert.True(defined.GetDefinition().MemoryBacking.TestShared().IsShared);
        Assert.Equal("/srv", defined.GetDefinition().GetFileSystem("share").SourceDirectory);

        defined.Start();
        Assert.Equal(DomainState.Running, defined.State);
        defined.Destroy();
        defined.Undefine();
        LibvirtException gone = Assert.Throws<LibvirtException>(() => connection.GetDomain("made-here"));
        Assert.Equal("DomainNotFound", gone.ErrorId);
        Assert.Contains("'made-here'", gone.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_domain_that_vanishes_is_one_clear_error()
    {
        using LibvirtConnection connection = Open();
        using LibvirtDomain domain = connection.Define(NewDomain("vanishes"));
        using LibvirtDomain same = connection.GetDomain("vanishes");
        same.Undefine();

        LibvirtException exception = Assert.Throws<LibvirtException>(() => domain.GetDefinition());

        Assert.Equal("DomainNotFound", exception.ErrorId);
        Assert.Contains("'vanishes'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("removed or renamed", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_read_only_connection_reads_and_says_why_it_does_not_write()
    {
        using LibvirtConnection connection = Open(readOnly: true);

        Assert.True(connection.IsReadOnly);
        Assert.Equal("test", connection.GetDomain("test").GetDefinition().Name);
        LibvirtException exception = Assert.Throws<LibvirtException>(() => connection.Define(NewDomain("not-allowed")));
        Assert.Equal("ReadOnlyConnection", exception.ErrorId);
        Assert.Contains("for writing", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Xml_that_the_schema_refuses_is_refused_when_it_is_validated()
    {
        using LibvirtConnection connection = Open();
        Domain domain = Domain.Parse(NewDomain("invalid").Xml.Replace("<vcpu>2</vcpu>", "<vcpu>2</vcpu><nonsense/>", StringComparison.Ordinal));

        LibvirtException exception = Assert.Throws<LibvirtException>(() => connection.Define(domain));

        Assert.Equal("InvalidXml", exception.ErrorId);
        Assert.Contains("'invalid'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_uri_that_leads_nowhere_is_one_clear_error()
    {
        using LibvirtConnection connection = Open();

        LibvirtException exception = Assert.Throws<LibvirtException>(() => LibvirtConnection.Open("qemu+unix:///system?socket=/nowhere/libvirt-sock", cancellationToken: Token));
        LibvirtException nonsense = Assert.Throws<LibvirtException>(() => LibvirtConnection.Open("nonsense:///default", cancellationToken: Token));

        Assert.Equal("ConnectionFailed", exception.ErrorId);
        Assert.Contains("/nowhere/libvirt-sock", exception.Message, StringComparison.Ordinal);
        Assert.Contains("nonsense", nonsense.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_not_there_is_a_typed_error_that_names_the_package()
    {
        LibvirtUnavailableException exception = Assert.Throws<LibvirtUnavailableException>(() => LibvirtLibrary.Load("libvirt-of-nowhere.so.0"));

        Assert.Equal("LibvirtUnavailable", exception.ErrorId);
        Assert.Contains("libvirt0", exception.Message, StringComparison.Ordinal);
        Assert.Contains("'libvirt-of-nowhere.so.0'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Connections_from_several_threads_keep_their_errors_apart()
    {
        using LibvirtConnection connection = Open();

        Domain invalid = Domain.Parse("<domain type='test'><name>x</name><nonsense/></domain>");

        Parallel.For(0, 64, number =>
        {
            bool isLookup = number % 2 == 0;
            LibvirtException exception = Assert.Throws<LibvirtException>(
                () => isLookup ? connection.GetDomain($"none-{number}") : connection.Define(invalid));
            Assert.Equal(isLookup ? "DomainNotFound" : "InvalidXml", exception.ErrorId);
        });
    }

    [Fact]
    public void A_socket_accepts_only_while_somebody_listens_and_is_not_disturbed_by_the_question()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "s.sock");
        Assert.Equal("SocketMissing", Assert.Throws<DomainRuleException>(() => SocketListener.Require(path)).ErrorId);
        using (Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
            Assert.Equal("SocketNotAccepting", Assert.Throws<DomainRuleException>(() => SocketListener.Require(path)).ErrorId);
            listener.Listen();
            SocketListener.Require(path);

            Directory.CreateSymbolicLink(folder.Path + ".link", folder.Path);
            SocketListener.Require(Path.Combine(folder.Path + ".link", "s.sock"));
            Directory.Delete(folder.Path + ".link");
            Assert.False(listener.Poll(0, SelectMode.SelectRead));
        }

        File.WriteAllText(path, string.Empty);
        Assert.Equal("SocketNotAccepting", Assert.Throws<DomainRuleException>(() => SocketListener.Require(path)).ErrorId);
    }
}
