using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Handshakes;
using VirtioFs.Frontend.Memory;
using VirtioFs.Frontend.Rings;
using VirtioFs.Frontend.VhostUser;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Frontend;

/// <summary>A whole guest with a virtio-fs device: connection, memory, queues and FUSE, set up as a real front end does.</summary>
public sealed class VirtioFsGuest : IDisposable
{
    private readonly GuestQueue[] _queues;
    private readonly FuseClient[] _clients;

    private VirtioFsGuest(VhostUserConnection connection, GuestOptions options)
    {
        Options = options;
        Connection = connection;
        Connection.Patience = options.Patience;
        Memory = GuestMemory.Create(options.LowMemoryBytes, options.MemoryBytes, options.MakeMemoryFile);
        Handshake = FrontEndHandshake.For(options.FrontEnd);
        try
        {
            Handshake.Negotiate(this);
            _queues = new GuestQueue[1 + options.RequestQueues];
            _clients = new FuseClient[_queues.Length];
            LayOutQueues(options.QueueSize);
            Start();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What kind of guest this is.</summary>
    public GuestOptions Options { get; }

    /// <summary>The vhost-user connection.</summary>
    public VhostUserConnection Connection { get; }

    /// <summary>The guest's memory.</summary>
    public GuestMemory Memory { get; }

    /// <summary>The features that both sides agreed on.</summary>
    public VirtioFeatures Features { get; internal set; }

    /// <summary>Request queues that the back end says it has, if it was asked.</summary>
    public ulong? OfferedQueues { get; internal set; }

    /// <summary>The tag that the back end told, if it was asked.</summary>
    public string? Tag { get; internal set; }

    /// <summary>The other end of the back end's own channel (BACKEND_REQ), or -1.</summary>
    public int BackendRequestSocket { get; internal set; } = -1;

    /// <summary>Every queue: the high-priority queue is 0.</summary>
    public IReadOnlyList<GuestQueue> Queues => _queues;

    /// <summary>FUSE on the high-priority queue, where a Linux guest sends FORGET and INTERRUPT.</summary>
    public FuseClient HighPriority => _clients[0];

    /// <summary>FUSE on the first request queue.</summary>
    public FuseClient Fuse => _clients[1];

    /// <summary>FUSE on each queue, by the queue's number.</summary>
    public IReadOnlyList<FuseClient> Clients => _clients;

    private FrontEndHandshake Handshake { get; }

    /// <summary>Connects and starts the rings; FUSE has not begun (<see cref="Mount"/>).</summary>
    public static VirtioFsGuest Connect(string socketPath, GuestOptions? options = null)
    {
        options ??= new GuestOptions();
        return new VirtioFsGuest(VhostUserConnection.Connect(socketPath, options.Patience), options);
    }

    /// <summary>As <see cref="Connect"/>, and begins FUSE.</summary>
    public static VirtioFsGuest ConnectAndMount(string socketPath, GuestOptions? options = null)
    {
        VirtioFsGuest guest = Connect(socketPath, options);
        try
        {
            guest.Mount();
            return guest;
        }
        catch
        {
            guest.Dispose();
            throw;
        }
    }

    /// <summary>Begins FUSE (INIT) and tells every client what was agreed.</summary>
    /// <exception cref="BackEndException">The back end refused.</exception>
    public FuseInitOut Mount(FuseInitFlags flags = FuseInitFlags.LinuxGuest, uint minor = 45)
    {
        int error = Fuse.Init(flags, out FuseInitOut answer, minor);
        if (error != 0)
        {
            throw new BackEndException($"The back end refused INIT: {Errno.Describe(-error)}.");
        }

        foreach (FuseClient client in _clients)
        {
            client.Negotiated = Fuse.Negotiated;
        }

        return answer;
    }

    /// <summary>Starts the rings, as when the guest's driver says DRIVER_OK, or the machine goes on after a pause.</summary>
    public void Start() => Handshake.Start(this);

    /// <summary>Stops the rings, as when the guest resets the device or pauses. Answers each ring's next available entry.</summary>
    public ushort[] Stop() => Handshake.Stop(this);

    /// <summary>The guest boots again on the same connection: rings stop, are emptied, and start. Mount again afterwards.</summary>
    /// <param name="first">The index that rings begin at; a driver's is 0.</param>
    public void Reboot(ushort first = 0)
    {
        Stop();
        foreach (GuestQueue queue in _queues)
        {
            queue.Clear(first);
        }

        Start();
    }

    /// <summary>
    /// Another driver has taken over the device, which was stopped or reset: queues are laid out anew with what it agrees on, and started.
    /// Mount again afterwards.
    /// </summary>
    public void StartOtherDriver(VirtioFeatures features, int queueSize)
    {
        Features = features | (Features & VirtioFeatures.VhostUserProtocol);
        LayOutQueues(queueSize);
        Start();
    }

    /// <summary>The driver agrees on other features while its rings run.</summary>
    public void ChangeFeatures(VirtioFeatures features)
    {
        Features = features | (Features & VirtioFeatures.VhostUserProtocol);
        Connection.SetFeatures(Features);
        foreach (GuestQueue queue in _queues)
        {
            queue.Agree(Features.HasFlag(VirtioFeatures.EventIndex), Features.HasFlag(VirtioFeatures.IndirectDescriptors));
        }
    }

    /// <summary>Chooses on all queues how completions are waited for.</summary>
    public void SetCompletionWait(CompletionWait wait)
    {
        foreach (GuestQueue queue in _queues)
        {
            queue.SetCompletionWait(wait);
        }
    }

    /// <summary>Goes away without a word, as a front end that was killed.</summary>
    public void Dispose()
    {
        Connection.Dispose();
        foreach (GuestQueue? queue in _queues ?? [])
        {
            queue?.Dispose();
        }

        FileDescriptor.Close(BackendRequestSocket);
        BackendRequestSocket = -1;
        Memory.Dispose();
    }

    private void LayOutQueues(int size)
    {
        for (int i = 0; i < _queues.Length; i++)
        {
            _queues[i]?.Dispose();
            _queues[i] = new GuestQueue(
                Memory,
                i,
                size,
                Features.HasFlag(VirtioFeatures.EventIndex),
                Features.HasFlag(VirtioFeatures.IndirectDescriptors));
            _clients[i] = new FuseClient(Memory, _queues[i], Connection.Descriptor) { Patience = Options.Patience };
        }
    }
}
