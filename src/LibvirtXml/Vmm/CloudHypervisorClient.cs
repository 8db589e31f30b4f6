using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using VirtioFs.LibvirtXml.Connection;
using VirtioFs.LibvirtXml.Guest;
using VirtioFs.LibvirtXml.Memory;

namespace VirtioFs.LibvirtXml.Vmm;

/// <summary>
/// A running Cloud Hypervisor, through its API socket. What answers there is not trusted: an answer has at most <see cref="MaxAnswerBytes"/>
/// bytes and <see cref="MaxHeaderKibibytes"/> KiB of headers, and comes within a limit.
/// </summary>
public sealed class CloudHypervisorClient : IDisposable
{
    /// <summary>The most bytes of an answer's content: 1 MiB. The description of a large machine has some ten thousand.</summary>
    public const int MaxAnswerBytes = 1 << 20;

    /// <summary>The most KiB of an answer's headers.</summary>
    public const int MaxHeaderKibibytes = 16;

    private const int MaxQuotedWords = 1000;

    private readonly HttpClient _client;
    private readonly TimeSpan _readLimit;
    private readonly TimeSpan _changeLimit;

    /// <summary>Makes a client; it connects with the first request.</summary>
    /// <param name="apiSocket">The path that Cloud Hypervisor was given as <c>--api-socket</c>.</param>
    /// <param name="readLimit">How long a question may take; null for 30 seconds.</param>
    /// <param name="changeLimit">How long a change may take; null for two minutes, since Cloud Hypervisor waits for a device's socket itself.</param>
    public CloudHypervisorClient(string apiSocket, TimeSpan? readLimit = null, TimeSpan? changeLimit = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(apiSocket);
        ApiSocket = Path.GetFullPath(apiSocket);
        _readLimit = readLimit ?? TimeSpan.FromSeconds(30);
        _changeLimit = changeLimit ?? TimeSpan.FromMinutes(2);
        SocketsHttpHandler handler = new()
        {
            ConnectCallback = ConnectAsync,
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            MaxResponseHeadersLength = MaxHeaderKibibytes,
            ResponseDrainTimeout = TimeSpan.Zero,
        };
        _client = new HttpClient(handler)
        {
            BaseAddress = new Uri("http://localhost/api/v1/"),
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MaxAnswerBytes,
        };
    }

    /// <summary>The API socket's absolute path.</summary>
    public string ApiSocket { get; }

    /// <summary>Asks for the machine's state and configuration.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The machine.</returns>
    /// <exception cref="CloudHypervisorException">Cloud Hypervisor cannot be reached, or has no machine.</exception>
    public async Task<CloudHypervisorMachine> GetMachineAsync(CancellationToken cancellationToken = default)
    {
        CloudHypervisorApi.VmInfo information = await SendAsync(HttpMethod.Get, "vm.info", null, CloudHypervisorJson.Default.VmInfo, "The machine cannot be read", cancellationToken)
            .ConfigureAwait(false) ?? throw Unexpected("vm.info gave no answer");
        CloudHypervisorApi.VmConfig configuration = information.Config ?? throw Unexpected("vm.info has no config");
        return new CloudHypervisorMachine(
            information.State ?? "Unknown",
            configuration.Cpus?.BootVcpus ?? 1,
            configuration.Memory?.Shared ?? false,
            configuration.Memory?.Hugepages ?? false,
            [.. (configuration.Fs ?? []).Select(device => device?.Tag).OfType<string>()]);
    }

    /// <summary>Plugs a virtio-fs device in (<c>vm.add-fs</c>), after Cloud Hypervisor's own checks have been made here.</summary>
    /// <param name="fileSystem">The device; its socket must accept already.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The device as it was plugged in.</returns>
    /// <exception cref="DomainRuleException">Cloud Hypervisor would refuse the device; nothing was sent.</exception>
    /// <exception cref="CloudHypervisorException">Cloud Hypervisor cannot be reached, or refused the device.</exception>
    public async Task<CloudHypervisorDevice> AddFileSystemAsync(CloudHypervisorFileSystem fileSystem, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(fileSystem);
        CloudHypervisorMachine machine = await GetMachineAsync(cancellationToken).ConfigureAwait(false);
        fileSystem.Check(machine.BootVirtualCpus);
        SharedMemoryRule.TestCloudHypervisor(machine.HasSharedMemory, machine.HasHugePages).Require(advice: "This cannot be changed while it runs.");
        if (machine.Tags.Contains(fileSystem.Tag))
        {
            throw new DomainRuleException(
                "DuplicateTag",
                $"The machine has a file system with the tag '{fileSystem.Tag}' already, and a guest could mount only one of them. Choose another tag.",
                ErrorKind.AlreadyExists);
        }

        SocketListener.Require(fileSystem.Socket);
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(
            new CloudHypervisorApi.FsConfig(fileSystem.Tag, fileSystem.Socket, fileSystem.Queues, fileSystem.QueueSize, fileSystem.Id, fileSystem.PciSegment),
            CloudHypervisorJson.Default.FsConfig);
        CloudHypervisorApi.PciDeviceInfo? answer = await SendAsync(
            HttpMethod.Put, "vm.add-fs", body, CloudHypervisorJson.Default.PciDeviceInfo, $"The file system '{fileSystem.Tag}' cannot be added", cancellationToken)
            .ConfigureAwait(false);
        return new CloudHypervisorDevice(answer?.Id ?? fileSystem.Id ?? fileSystem.Tag, answer?.Bdf);
    }

    /// <summary>Unplugs a device (<c>vm.remove-device</c>). A guest that still has it mounted may hang.</summary>
    /// <param name="id">The device's name.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that ends when Cloud Hypervisor has taken the request.</returns>
    /// <exception cref="CloudHypervisorException">Cloud Hypervisor cannot be reached, or refused.</exception>
    public async Task RemoveDeviceAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(new CloudHypervisorApi.VmRemoveDevice(id), CloudHypervisorJson.Default.VmRemoveDevice);
        _ = await SendAsync(HttpMethod.Put, "vm.remove-device", body, CloudHypervisorJson.Default.PciDeviceInfo, $"The device '{id}' cannot be removed", cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>Closes the client's connections.</summary>
    public void Dispose() => _client.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(ApiSocket), cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<T?> SendAsync<T>(
        HttpMethod method, string path, byte[]? body, JsonTypeInfo<T> answerType, string whatFails, CancellationToken cancellationToken)
        where T : class
    {
        TimeSpan limit = method == HttpMethod.Get ? _readLimit : _changeLimit;
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(limit);
        using HttpRequestMessage request = new(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        try
        {
            using HttpResponseMessage response = await _client.SendAsync(request, end.Token).ConfigureAwait(false);
            byte[] content = await response.Content.ReadAsByteArrayAsync(end.Token).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                throw Refused(whatFails, response.StatusCode, content);
            }

            return content.Length == 0 ? null : JsonSerializer.Deserialize(content, answerType);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw TimedOut(whatFails, limit, isChange: body is not null, exception);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new CloudHypervisorException(
                "CloudHypervisorAnswerTooLarge",
                ErrorKind.InvalidData,
                $"{whatFails}: the answer on '{ApiSocket}' is larger than {MaxAnswerBytes} bytes, or its headers than {MaxHeaderKibibytes} KiB, so it is not one of Cloud Hypervisor. " +
                "Name its API socket.",
                exception);
        }
        catch (JsonException exception)
        {
            throw Unexpected($"its answer to {path} is not understood ({exception.Message.TrimEnd('.')})", exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw new CloudHypervisorException(
                "CloudHypervisorUnreachable",
                ErrorKind.ConnectionFailed,
                $"{whatFails}: Cloud Hypervisor does not answer on '{ApiSocket}' ({exception.GetBaseException().Message.TrimEnd('.')}). Check that it runs with " +
                $"--api-socket {ShellText.Quote(ApiSocket)}, and that you may write to that socket.",
                exception);
        }
    }

    private CloudHypervisorException TimedOut(string whatFails, TimeSpan limit, bool isChange, Exception exception) => new(
        "CloudHypervisorTimeout",
        ErrorKind.Timeout,
        string.Create(CultureInfo.InvariantCulture, $"{whatFails}: there was no answer on '{ApiSocket}' within {limit.TotalSeconds:0.#} seconds. ") +
        (isChange ? "Cloud Hypervisor may carry it out all the same: look at the machine before you repeat it." : "Check that Cloud Hypervisor runs and is not paused."),
        exception);

    private static CloudHypervisorException Refused(string whatFails, HttpStatusCode status, byte[] content)
    {
        // What stands there ends in a terminal: no control characters, and not a book.
        string words = string.Concat(Encoding.UTF8.GetString(content).Take(MaxQuotedWords).Select(letter => char.IsControl(letter) ? ' ' : letter)).Trim();
        string said = words.Length == 0 ? $"status {(int)status}" : words;
        return new CloudHypervisorException(
            "CloudHypervisorRefused",
            ErrorKind.Failed,
            $"{whatFails}: Cloud Hypervisor says: {said}. Change what it names and try again; nothing was changed.");
    }

    private CloudHypervisorException Unexpected(string what, Exception? exception = null) => new(
        "CloudHypervisorUnreachable",
        ErrorKind.ConnectionFailed,
        $"What answers on '{ApiSocket}' is not Cloud Hypervisor: {what}. Name its API socket.",
        exception);
}
