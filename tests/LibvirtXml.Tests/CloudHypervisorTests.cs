using System.Net.Sockets;
using System.Text;
using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Memory;
using VirtioFs.LibvirtXml.Vmm;

namespace VirtioFs.LibvirtXml.Tests;

public sealed class CloudHypervisorTests
{
    private static readonly CloudHypervisorFileSystem Ordinary = new() { Tag = "myfs", Socket = "/tmp/virtiofs" };

    [Fact]
    public void The_guides_command_line()
    {
        Domain domain = Domain.Parse("<domain><name>a</name><memory unit='GiB'>1</memory><vcpu>1</vcpu></domain>");
        domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true });
        domain.AddFileSystem(new FileSystem { Tag = "myfs", SourceSocket = "/tmp/virtiofs", QueueSize = 512 });

        Assert.Equal("--memory size=1G,shared=on --fs tag=myfs,socket=/tmp/virtiofs,num_queues=1,queue_size=512", CloudHypervisorArguments.From(domain).CommandLine);
    }

    [Fact]
    public void Hugepages_names_segments_and_several_devices()
    {
        Domain domain = Domain.Parse("<domain><name>a</name><memory unit='GiB'>2</memory><vcpu>4</vcpu></domain>");
        domain.SetMemoryBacking(new MemoryBackingRequest { Shared = true, HugePages = [new HugePage(ByteSize.Parse("2M"))] });
        domain.AddFileSystem(new FileSystem { Tag = "a", SourceSocket = "/s/a", Alias = "ua-a" });
        domain.AddFileSystem(new FileSystem { Tag = "b,c", SourceSocket = "/s/b" });

        Assert.Equal(
            ["--memory", "size=2G,shared=on,hugepages=on,hugepage_size=2M", "--fs", "tag=a,socket=/s/a,num_queues=2,queue_size=1024,id=ua-a,pci_segment=1",
                "tag=\"b,c\",socket=/s/b,num_queues=2,queue_size=1024,pci_segment=1"],
            CloudHypervisorArguments.From(domain, new CloudHypervisorOptions { Queues = 2, PciSegment = 1 }).Arguments);
    }

    public static TheoryData<string, string, CloudHypervisorFileSystem> Refused => new()
    {
        { "TooManyQueues", "Number of vCPUs is insufficient for number of queues", Ordinary with { Queues = 3 } },
        { "QueueSizeNotPowerOfTwo", "power of 2", Ordinary with { QueueSize = 500 } },
        { "QueueSizeTooLarge", "1024", Ordinary with { QueueSize = 2048 } },
        { "TagTooLong", "36 bytes", Ordinary with { Tag = new string('x', 37) } },
        { "InvalidRequestQueues", "at least 1", Ordinary with { Queues = 0 } },
        { "RelativeSocket", "absolute", Ordinary with { Socket = "s" } },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_cloud_hypervisor_would_refuse_is_refused_first(string errorId, string words, CloudHypervisorFileSystem fileSystem)
    {
        DomainRuleException exception = Assert.Throws<DomainRuleException>(() => CloudHypervisorArguments.Describe(fileSystem, virtualCpus: 2));

        Assert.Equal(errorId, exception.ErrorId);
        Assert.Contains(words, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Private_memory_and_an_iommu_are_refused()
    {
        Domain domain = Domain.Parse("<domain><name>a</name><memory unit='GiB'>1</memory></domain>");
        domain.AddFileSystem(new FileSystem { Tag = "t", SourceSocket = "/s" });

        Assert.Contains(
            "Using vhost-user requires using shared memory or huge pages",
            Assert.Throws<DomainRuleException>(() => CloudHypervisorArguments.From(domain)).Message,
            StringComparison.Ordinal);
        Assert.Equal(
            "IommuNotSupported",
            Assert.Throws<DomainRuleException>(() => CloudHypervisorArguments.FromFileSystem(new FileSystem { Tag = "t", SourceSocket = "/s", Iommu = true })).ErrorId);
    }

    [Fact]
    public async Task A_device_is_added_over_the_api_socket_after_the_checks()
    {
        await using FakeApi api = new(
            """{"config":{"cpus":{"boot_vcpus":2,"max_vcpus":4},"memory":{"size":1073741824,"shared":true,"hugepages":false},"fs":[{"tag":"there"}]},"state":"Running"}""",
            "200 OK",
            """{"id":"_fs2","bdf":"0000:00:06.0"}""");
        using CloudHypervisorClient client = new(api.Path);
        CloudHypervisorFileSystem wanted = Ordinary with { Socket = api.Path, Queues = 2, Id = "fs \"quoted\"" };

        CloudHypervisorDevice device = await client.AddFileSystemAsync(wanted, TestContext.Current.CancellationToken);

        Assert.Equal(new CloudHypervisorDevice("_fs2", "0000:00:06.0"), device);
        Assert.Equal(["GET /api/v1/vm.info", "PUT /api/v1/vm.add-fs"], api.Requests.Select(request => request.Split(" HTTP")[0]));
        using System.Text.Json.JsonDocument body = System.Text.Json.JsonDocument.Parse(api.Requests[1][api.Requests[1].IndexOf('{', StringComparison.Ordinal)..]);
        Assert.Equal("myfs", body.RootElement.GetProperty("tag").GetString());
        Assert.Equal(2, body.RootElement.GetProperty("num_queues").GetInt32());
        Assert.Equal(1024, body.RootElement.GetProperty("queue_size").GetInt32());
        Assert.Equal("fs \"quoted\"", body.RootElement.GetProperty("id").GetString());

        DomainRuleException queues = await Assert.ThrowsAsync<DomainRuleException>(() => client.AddFileSystemAsync(wanted with { Queues = 3 }, TestContext.Current.CancellationToken));
        Assert.Equal("TooManyQueues", queues.ErrorId);
        DomainRuleException tag = await Assert.ThrowsAsync<DomainRuleException>(() => client.AddFileSystemAsync(wanted with { Tag = "there" }, TestContext.Current.CancellationToken));
        Assert.Equal("DuplicateTag", tag.ErrorId);
        DomainRuleException socket = await Assert.ThrowsAsync<DomainRuleException>(() => client.AddFileSystemAsync(wanted with { Socket = "/nowhere" }, TestContext.Current.CancellationToken));
        Assert.Equal("SocketMissing", socket.ErrorId);
        Assert.DoesNotContain(api.Requests.Skip(2), request => request.StartsWith("PUT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_refusal_is_shown_in_cloud_hypervisors_words_and_private_memory_is_refused_here()
    {
        await using FakeApi api = new(
            """{"config":{"cpus":{"boot_vcpus":2},"memory":{"shared":true}},"state":"Running"}""",
            "500 Internal Server Error",
            """["Error from API","The VM is tired"]""");
        using CloudHypervisorClient client = new(api.Path);
        CloudHypervisorException refused = await Assert.ThrowsAsync<CloudHypervisorException>(
            () => client.AddFileSystemAsync(Ordinary with { Socket = api.Path }, TestContext.Current.CancellationToken));
        Assert.Equal("CloudHypervisorRefused", refused.ErrorId);
        Assert.Contains("The VM is tired", refused.Message, StringComparison.Ordinal);

        await using FakeApi closed = new("""{"config":{"cpus":{"boot_vcpus":2},"memory":{"shared":false}},"state":"Running"}""", "200 OK", "{}");
        using CloudHypervisorClient other = new(closed.Path);
        DomainRuleException memory = await Assert.ThrowsAsync<DomainRuleException>(
            () => other.AddFileSystemAsync(Ordinary with { Socket = closed.Path }, TestContext.Current.CancellationToken));
        Assert.Equal("SharedMemoryRequired", memory.ErrorId);
    }

    [Fact]
    public async Task A_socket_where_nobody_answers_is_one_clear_error()
    {
        using CloudHypervisorClient client = new("/nowhere/ch.sock");

        CloudHypervisorException exception = await Assert.ThrowsAsync<CloudHypervisorException>(() => client.GetMachineAsync(TestContext.Current.CancellationToken));

        Assert.Equal("CloudHypervisorUnreachable", exception.ErrorId);
        Assert.Contains("/nowhere/ch.sock", exception.Message, StringComparison.Ordinal);
    }

    /// <summary>Answers as Cloud Hypervisor's API does, one request a connection.</summary>
    private sealed class FakeApi : IAsyncDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        private readonly CancellationTokenSource _end = new();
        private readonly Task _loop;

        public FakeApi(string information, string addStatus, string addAnswer)
        {
            _listener.Bind(new UnixDomainSocketEndPoint(Path));
            _listener.Listen();
            _loop = ServeAsync(information, addStatus, addAnswer);
        }

        public string Path => System.IO.Path.Combine(_folder.Path, "ch.sock");

        public List<string> Requests { get; } = [];

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await _loop;
            _listener.Dispose();
            _end.Dispose();
            _folder.Dispose();
        }

        private async Task ServeAsync(string information, string addStatus, string addAnswer)
        {
            try
            {
                while (true)
                {
                    using Socket connection = await _listener.AcceptAsync(_end.Token);
                    string request = await ReadAsync(connection);
                    Requests.Add(request);
                    bool isQuestion = request.StartsWith("GET", StringComparison.Ordinal);
                    string body = isQuestion ? information : addAnswer;
                    string answer = $"HTTP/1.1 {(isQuestion ? "200 OK" : addStatus)}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}";
                    await connection.SendAsync(Encoding.UTF8.GetBytes(answer), _end.Token);
                }
            }
            catch (OperationCanceledException)
            {
                // The test is over.
            }
        }

        private async Task<string> ReadAsync(Socket connection)
        {
            byte[] buffer = new byte[65536];
            int length = 0;
            while (true)
            {
                length += await connection.ReceiveAsync(buffer.AsMemory(length), _end.Token);
                string text = Encoding.UTF8.GetString(buffer, 0, length);
                int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
                System.Text.RegularExpressions.Match size = System.Text.RegularExpressions.Regex.Match(text, @"Content-Length: (\d+)");
                if (end >= 0 && text.Length >= end + 4 + (size.Success ? int.Parse(size.Groups[1].Value, null) : 0))
                {
                    return text;
                }
            }
        }
    }
}
