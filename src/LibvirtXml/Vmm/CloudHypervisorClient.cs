using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace VirtioFs.LibvirtXml;

/// <summary>A running Cloud Hypervisor, through its API socket.</summary>
public sealed class CloudHypervisorClient : IDisposable
{
    private readonly HttpClient _client;

    /// <summary>Makes a client; it connects with the first request.</summary>
    /// <param name="apiSocket">The path that Cloud Hypervisor was given as <c>--api-socket</c>.</param>
    public CloudHypervisorClient(string apiSocket)
    {
        ArgumentException.ThrowIfNullOrEmpty(apiSocket);
        ApiSocket = Path.GetFullPath(apiSocket);
        SocketsHttpHandler handler = new() { ConnectCallback = ConnectAsync, UseProxy = false };
        _client = new HttpClient(handler) { BaseAddress = new Uri("http://localhost/api/v1/"), Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <summary>The API socket's absolute path.</summary>
    public string ApiSocket { get; }

    /// <summary>Asks for the machine's state and configuration.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The machine.</returns>
    /// <exception cref="CloudHypervisorException">Cloud Hypervisor cannot be reached, or has no machine.</exception>
    public async Task<CloudHypervisorMachine> GetMachineAsync(CancellationToken cancellationToken = default)
    {
        using JsonDocument? answer = await SendAsync(HttpMethod.Get, "vm.info", null, "The machine cannot be read", cancellationToken).ConfigureAwait(false);
        JsonElement root = answer?.RootElement ?? throw Unexpected("vm.info gave no answer");
        JsonElement configuration = Member(root, "config") ?? throw Unexpected("vm.info has no config");
        JsonElement? memory = Member(configuration, "memory");
        JsonElement? cpus = Member(configuration, "cpus");
        return new CloudHypervisorMachine(
            Member(root, "state")?.GetString() ?? "Unknown",
            cpus is JsonElement found && Member(found, "boot_vcpus") is JsonElement boot ? boot.GetInt32() : 1,
            IsTrue(memory, "shared"),
            IsTrue(memory, "hugepages"),
            Member(configuration, "fs") is { ValueKind: JsonValueKind.Array } devices
                ? [.. devices.EnumerateArray().Select(device => Member(device, "tag")?.GetString()).OfType<string>()]
                : []);
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
        if (!machine.HasSharedMemory && !machine.HasHugePages)
        {
            throw new DomainRuleException(
                "SharedMemoryRequired",
                $"{CloudHypervisorArguments.SharedMemoryWords}: start the machine with --memory …,shared=on; this cannot be changed while it runs.");
        }

        if (machine.Tags.Contains(fileSystem.Tag))
        {
            throw new DomainRuleException(
                "DuplicateTag",
                $"The machine has a file system with the tag '{fileSystem.Tag}' already, and a guest could mount only one of them. Choose another tag.");
        }

        SocketListener.Require(fileSystem.Socket);
        using JsonDocument? answer = await SendAsync(
            HttpMethod.Put, "vm.add-fs", Serialize(fileSystem), $"The file system '{fileSystem.Tag}' cannot be added", cancellationToken).ConfigureAwait(false);
        return answer is null
            ? new CloudHypervisorDevice(fileSystem.Id ?? fileSystem.Tag, null)
            : new CloudHypervisorDevice(
                Member(answer.RootElement, "id")?.GetString() ?? fileSystem.Id ?? fileSystem.Tag,
                Member(answer.RootElement, "bdf")?.GetString());
    }

    /// <summary>Unplugs a device (<c>vm.remove-device</c>). A guest that still has it mounted may hang.</summary>
    /// <param name="id">The device's name.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that ends when Cloud Hypervisor has taken the request.</returns>
    /// <exception cref="CloudHypervisorException">Cloud Hypervisor cannot be reached, or refused.</exception>
    public async Task RemoveDeviceAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        byte[] body = Json(json => json.WriteString("id", id));
        using JsonDocument? answer = await SendAsync(HttpMethod.Put, "vm.remove-device", body, $"The device '{id}' cannot be removed", cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>Closes the client's connections.</summary>
    public void Dispose() => _client.Dispose();

    private static byte[] Serialize(CloudHypervisorFileSystem fileSystem) => Json(json =>
    {
        json.WriteString("tag", fileSystem.Tag);
        json.WriteString("socket", fileSystem.Socket);
        json.WriteNumber("num_queues", fileSystem.Queues);
        json.WriteNumber("queue_size", fileSystem.QueueSize);
        if (fileSystem.Id is not null)
        {
            json.WriteString("id", fileSystem.Id);
        }

        if (fileSystem.PciSegment is int segment)
        {
            json.WriteNumber("pci_segment", segment);
        }
    });

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static JsonElement? Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement member) && member.ValueKind != JsonValueKind.Null
            ? member
            : null;

    private static bool IsTrue(JsonElement? element, string name) =>
        element is JsonElement found && Member(found, name) is { ValueKind: JsonValueKind.True };

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

    private async Task<JsonDocument?> SendAsync(HttpMethod method, string path, byte[]? body, string whatFails, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        try
        {
            using HttpResponseMessage response = await _client.SendAsync(request, cancellationToken).ConfigureAwait(false);
            byte[] content = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                throw Refused(whatFails, response.StatusCode, content);
            }

            return content.Length == 0 ? null : JsonDocument.Parse(content);
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException or IOException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new CloudHypervisorException(
                "CloudHypervisorUnreachable",
                $"{whatFails}: Cloud Hypervisor does not answer on '{ApiSocket}' ({Innermost(exception).Message.TrimEnd('.')}). Check that it runs with " +
                $"--api-socket {ShellText.Quote(ApiSocket)}, and that you may write to that socket.",
                exception);
        }
    }

    private static Exception Innermost(Exception exception) => exception.GetBaseException();

    private static CloudHypervisorException Refused(string whatFails, HttpStatusCode status, byte[] content)
    {
        string words = Encoding.UTF8.GetString(content).Trim();
        string said = words.Length == 0 ? $"status {(int)status}" : words;
        return new CloudHypervisorException(
            "CloudHypervisorRefused",
            $"{whatFails}: Cloud Hypervisor says: {said}. Change what it names and try again; nothing was changed.");
    }

    private CloudHypervisorException Unexpected(string what) => new(
        "CloudHypervisorUnreachable",
        $"What answers on '{ApiSocket}' is not Cloud Hypervisor: {what}. Name its API socket.");
}
