using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using VirtioFs.LibvirtXml.Vmm;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>What answers on the socket may be anything: it costs little memory and a limited time, and ends in one clear error.</summary>
public sealed class CloudHypervisorLimitTests
{
    private const string Head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> TooLarge => new()
    {
        { Head + "Content-Length: 700000000\r\n\r\n{\"state\":\"", "x" },
        { Head + "Transfer-Encoding: chunked\r\n\r\n", "10000\r\n" + new string('x', 0x10000) + "\r\n" },
        { Head + "Connection: close\r\n\r\n{\"state\":\"", "x" },
        { "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n" },
        { Head, "X-More: and more\r\n" },
        { "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\n", "Error " },
    };

    [Theory]
    [MemberData(nameof(TooLarge))]
    public async Task An_answer_without_end_is_refused_before_it_costs_memory(string start, string rest)
    {
        await using AnyServer server = new(start, rest);
        using CloudHypervisorClient client = new(server.Path);
        long before = GC.GetTotalAllocatedBytes(precise: true);

        CloudHypervisorException exception = await Assert.ThrowsAsync<CloudHypervisorException>(() => client.GetMachineAsync(Token));

        Assert.Equal("CloudHypervisorAnswerTooLarge", exception.ErrorId);
        Assert.Contains(server.Path, exception.Message, StringComparison.Ordinal);
        Assert.True(server.Sent < 16 << 20, $"{server.Sent} bytes were taken.");
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.True(allocated < 64 << 20, $"{allocated} bytes were allocated, those of the server and of other tests included.");
    }

    [Theory]
    [InlineData("", "")]
    [InlineData(Head + "Content-Length: 10\r\n\r\n{", "")]
    public async Task An_answer_that_does_not_come_is_an_error_within_the_limit(string start, string rest)
    {
        await using AnyServer server = new(start, rest);
        using CloudHypervisorClient client = new(server.Path, readLimit: TimeSpan.FromMilliseconds(500));

        Stopwatch clock = Stopwatch.StartNew();
        CloudHypervisorException exception = await Assert.ThrowsAsync<CloudHypervisorException>(() => client.GetMachineAsync(Token));

        Assert.Equal("CloudHypervisorTimeout", exception.ErrorId);
        Assert.Contains("0.5 seconds", exception.Message, StringComparison.Ordinal);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"The error took {clock.Elapsed}.");
    }

    [Fact]
    public async Task The_wait_for_an_answer_can_be_cancelled()
    {
        await using AnyServer server = new(string.Empty, string.Empty);
        using CloudHypervisorClient client = new(server.Path);
        using CancellationTokenSource stop = new(TimeSpan.FromMilliseconds(200));

        Stopwatch clock = Stopwatch.StartNew();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetMachineAsync(stop.Token));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(2), $"Stopping took {clock.Elapsed}.");
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{}")]
    [InlineData("{\"config\":7}")]
    [InlineData("{\"config\":{\"cpus\":{\"boot_vcpus\":\"two\"}}}")]
    [InlineData("{\"config\":{\"cpus\":{\"boot_vcpus\":1e99}}}")]
    [InlineData("{\"config\":{\"memory\":{\"shared\":\"yes\"}}}")]
    [InlineData("{\"config\":{\"fs\":{\"tag\":1}}}")]
    [InlineData("{\"config\":{\"fs\":[{\"tag\":1}]}}")]
    [InlineData("{\"state\":{},\"config\":{}}")]
    public async Task An_answer_of_another_kind_is_one_clear_error(string body)
    {
        await using AnyServer server = new($"{Head}Content-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}", null);
        using CloudHypervisorClient client = new(server.Path);

        CloudHypervisorException exception = await Assert.ThrowsAsync<CloudHypervisorException>(() => client.GetMachineAsync(Token));

        Assert.Equal("CloudHypervisorUnreachable", exception.ErrorId);
        Assert.Contains("is not Cloud Hypervisor", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Members_that_are_null_or_left_out_are_no_error()
    {
        const string Body = "{\"config\":{\"cpus\":null,\"memory\":{\"hugepages\":true},\"fs\":[null,{},{\"tag\":\"a\",\"more\":[]}],\"disks\":[{}]}}";
        await using AnyServer server = new($"{Head}Content-Length: {Body.Length}\r\nConnection: close\r\n\r\n{Body}", null);
        using CloudHypervisorClient client = new(server.Path);

        CloudHypervisorMachine machine = await client.GetMachineAsync(Token);

        Assert.Equal(("Unknown", 1, false, true), (machine.State, machine.BootVirtualCpus, machine.HasSharedMemory, machine.HasHugePages));
        Assert.Equal(["a"], machine.Tags);
    }

    [Fact]
    public async Task A_redirection_is_not_followed_and_words_for_a_terminal_are_made_harmless()
    {
        string body = "\u001b]0;owned\u0007" + new string('x', 5000);
        await using AnyServer server = new($"HTTP/1.1 302 Found\r\nLocation: http://localhost/elsewhere\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}", null);
        using CloudHypervisorClient client = new(server.Path);

        CloudHypervisorException exception = await Assert.ThrowsAsync<CloudHypervisorException>(() => client.GetMachineAsync(Token));

        Assert.Equal("CloudHypervisorRefused", exception.ErrorId);
        Assert.DoesNotContain(exception.Message, char.IsControl);
        Assert.True(exception.Message.Length < 2000);
        Assert.Equal(1, server.Requests);
    }

    /// <summary>Answers each request with a beginning, and then with the same text for ever; with nothing more when that is null, and hanging when it is empty.</summary>
    private sealed class AnyServer : IAsyncDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        private readonly CancellationTokenSource _end = new();
        private readonly Task _loop;
        private long _sent;

        public AnyServer(string start, string? rest)
        {
            _listener.Bind(new UnixDomainSocketEndPoint(Path));
            _listener.Listen();
            _loop = ServeAsync(Encoding.UTF8.GetBytes(start), rest is null ? null : Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(rest, rest.Length is 0 or > 1000 ? 1 : 1000))));
        }

        public string Path => System.IO.Path.Combine(_folder.Path, "ch.sock");

        public int Requests { get; private set; }

        public long Sent => Volatile.Read(ref _sent);

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await _loop;
            _listener.Dispose();
            _end.Dispose();
            _folder.Dispose();
        }

        private async Task ServeAsync(byte[] start, byte[]? rest)
        {
            byte[] buffer = new byte[4096];
            while (!_end.IsCancellationRequested)
            {
                try
                {
                    using Socket connection = await _listener.AcceptAsync(_end.Token);
                    await connection.ReceiveAsync(buffer, _end.Token);
                    Requests++;
                    await connection.SendAsync(start, _end.Token);
                    while (rest is { Length: > 0 })
                    {
                        _sent += await connection.SendAsync(rest, _end.Token);
                    }

                    if (rest is not null)
                    {
                        await Task.Delay(Timeout.Infinite, _end.Token);
                    }
                }
                catch (Exception end) when (end is OperationCanceledException or SocketException)
                {
                    // The client has had enough, or the test is over.
                }
            }
        }
    }
}
