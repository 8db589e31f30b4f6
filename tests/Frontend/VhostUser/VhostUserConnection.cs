using System.Diagnostics;
using System.Runtime.InteropServices;
using VirtioFs.Linux;

namespace VirtioFs.Frontend.VhostUser;

/// <summary>The front end's side of a vhost-user socket: well-formed messages, and any bytes that a test wants to send.</summary>
public sealed unsafe class VhostUserConnection : IDisposable
{
    private readonly FileDescriptor _socket;

    private VhostUserConnection(FileDescriptor socket) => _socket = socket;

    /// <summary>How long to wait for a reply before the back end counts as stuck.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The protocol features that both sides agreed on (set by <see cref="SetProtocolFeatures"/>).</summary>
    public ProtocolFeatures Negotiated { get; private set; }

    /// <summary>The socket, for whatever this class does not do.</summary>
    public int Descriptor => _socket.Value;

    /// <summary>Connects to a back end that listens at <paramref name="path"/>; a socket that is not there yet is waited for.</summary>
    /// <param name="path">The socket's path.</param>
    /// <param name="patience">How long to wait for the listener; none when omitted.</param>
    /// <exception cref="LinuxException">There is no listener.</exception>
    public static VhostUserConnection Connect(string path, TimeSpan patience = default)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            int socket = (int)LinuxException.Check(UnixSocket.Create(), "Making a socket failed");
            int result = UnixSocket.Connect(socket, path);
            if (result >= 0)
            {
                return new VhostUserConnection(new FileDescriptor(socket));
            }

            FileDescriptor.Close(socket);
            if (Stopwatch.GetElapsedTime(start) >= patience || result is not (-Errno.ENOENT or -Errno.ECONNREFUSED))
            {
                throw new LinuxException($"Connecting to the back end at '{path}' failed", -result);
            }

            Thread.Sleep(5);
        }
    }

    /// <summary>Takes over a socket that is connected already.</summary>
    public static VhostUserConnection Over(int connectedSocket) => new(new FileDescriptor(connectedSocket));

    /// <summary>Who is at the other end. When it listened before it forked, the process id is the parent's.</summary>
    public PeerCredentials GetPeer()
    {
        LinuxException.Check(UnixSocket.GetPeer(Descriptor, out PeerCredentials peer), "Asking for the back end's process failed");
        return peer;
    }

    // ------------------------------------------------------------------ raw

    /// <summary>Sends any bytes with any descriptors. The bytes sent, or a negated error number.</summary>
    public nint SendBytes(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> descriptors = default) =>
        UnixSocket.Send(Descriptor, bytes, descriptors);

    /// <summary>Sends a header, as it is given, with any payload and descriptors. Zero, or a negated error number.</summary>
    public int SendRaw(VhostUserHeader header, ReadOnlySpan<byte> payload, ReadOnlySpan<int> descriptors = default)
    {
        byte[] message = new byte[sizeof(VhostUserHeader) + payload.Length];
        MemoryMarshal.Write(message, in header);
        payload.CopyTo(message.AsSpan(sizeof(VhostUserHeader)));
        nint sent = SendBytes(message, descriptors);
        return sent == message.Length ? 0 : sent < 0 ? (int)sent : -Errno.EMSGSIZE;
    }

    /// <summary>Sends a well-formed message.</summary>
    /// <exception cref="BackEndException">The back end closed the connection.</exception>
    public void Send(VhostUserRequest request, ReadOnlySpan<byte> payload = default, ReadOnlySpan<int> descriptors = default, bool needReply = false)
    {
        VhostUserHeader header = new()
        {
            Request = request,
            Flags = VhostUserHeader.Version | (needReply ? VhostUserHeader.NeedReply : 0),
            Size = (uint)payload.Length,
        };
        int result = SendRaw(header, payload, descriptors);
        if (result < 0)
        {
            throw new BackEndException($"Sending {request} failed: {Errno.Describe(-result)}.");
        }
    }

    /// <inheritdoc cref="Send(VhostUserRequest, ReadOnlySpan{byte}, ReadOnlySpan{int}, bool)"/>
    public void Send<T>(VhostUserRequest request, in T payload, ReadOnlySpan<int> descriptors = default, bool needReply = false)
        where T : unmanaged =>
        Send(request, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in payload)), descriptors, needReply);

    /// <summary>Receives one message of the back end.</summary>
    /// <exception cref="BackEndException">The connection ended, or nothing came in time.</exception>
    public VhostUserReply Receive()
    {
        Span<int> descriptors = stackalloc int[UnixSocket.MaximumDescriptors];
        Span<byte> headerBytes = stackalloc byte[sizeof(VhostUserHeader)];
        ReceiveExactly(headerBytes, descriptors, out int count);
        VhostUserHeader header = MemoryMarshal.Read<VhostUserHeader>(headerBytes);
        if (header.Size > 1 << 20)
        {
            throw new BackEndException($"The back end announces a message of {header.Size} bytes.");
        }

        byte[] payload = new byte[header.Size];
        ReceiveExactly(payload, descriptors[count..], out int more);
        return new VhostUserReply(header, payload, descriptors[..(count + more)].ToArray());
    }

    /// <summary>Receives the reply to <paramref name="request"/>, and checks that it is one.</summary>
    /// <exception cref="BackEndException">It is something else, the connection ended, or nothing came in time.</exception>
    public VhostUserReply ReceiveReply(VhostUserRequest request)
    {
        VhostUserReply reply = Receive();
        return reply.Header.Request == request && reply.Header.Flags == (VhostUserHeader.Version | VhostUserHeader.Reply)
            ? reply
            : throw new BackEndException($"Instead of a reply to {request} came {reply.Header.Request} with flags {reply.Header.Flags:x}.");
    }

    /// <summary>True when the back end has closed the connection, waiting for it up to <see cref="Patience"/>. Bytes that come are dropped.</summary>
    public bool IsClosedByPeer()
    {
        Span<byte> dropped = stackalloc byte[256];
        Span<int> descriptors = stackalloc int[UnixSocket.MaximumDescriptors];
        long start = Stopwatch.GetTimestamp();
        while (WaitReadable(Patience - Stopwatch.GetElapsedTime(start)))
        {
            nint received = UnixSocket.Receive(Descriptor, dropped, descriptors, out int count);
            CloseAll(descriptors[..count]);
            if (received <= 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True when bytes wait, or the connection has ended.</summary>
    public bool WaitReadable(TimeSpan limit)
    {
        PollEntry entry = new() { Descriptor = Descriptor, Events = Poll.Readable };
        return Poll.Wait(new Span<PollEntry>(ref entry), Math.Max(0, (int)limit.TotalMilliseconds)) > 0;
    }

    /// <summary>Ends both directions but keeps the descriptor.</summary>
    public void Shutdown() => UnixSocket.Shutdown(Descriptor);

    /// <summary>Closes the connection.</summary>
    public void Dispose() => _socket.Dispose();

    // ------------------------------------------------------------------ well-formed messages

    /// <summary>GET_FEATURES.</summary>
    public VirtioFeatures GetFeatures() => (VirtioFeatures)Ask(VhostUserRequest.GetFeatures);

    /// <summary>SET_FEATURES.</summary>
    public void SetFeatures(VirtioFeatures features) => Tell(VhostUserRequest.SetFeatures, (ulong)features);

    /// <summary>GET_PROTOCOL_FEATURES.</summary>
    public ProtocolFeatures GetProtocolFeatures() => (ProtocolFeatures)Ask(VhostUserRequest.GetProtocolFeatures);

    /// <summary>SET_PROTOCOL_FEATURES; from the next message on they hold.</summary>
    public void SetProtocolFeatures(ProtocolFeatures features)
    {
        Tell(VhostUserRequest.SetProtocolFeatures, (ulong)features);
        Negotiated = features;
    }

    /// <summary>SET_OWNER.</summary>
    public void SetOwner() => Tell(VhostUserRequest.SetOwner);

    /// <summary>RESET_DEVICE.</summary>
    public void ResetDevice() => Tell(VhostUserRequest.ResetDevice);

    /// <summary>GET_QUEUE_NUM.</summary>
    public ulong GetQueueNum() => Ask(VhostUserRequest.GetQueueNum);

    /// <summary>GET_MAX_MEM_SLOTS.</summary>
    public ulong GetMaxMemSlots() => Ask(VhostUserRequest.GetMaxMemSlots);

    /// <summary>SET_STATUS.</summary>
    public void SetStatus(ulong status) => Tell(VhostUserRequest.SetStatus, status);

    /// <summary>GET_STATUS.</summary>
    public ulong GetStatus() => Ask(VhostUserRequest.GetStatus);

    /// <summary>SET_BACKEND_REQ_FD.</summary>
    public void SetBackendRequestSocket(int socket) => Tell(VhostUserRequest.SetBackendReqFd, default, [socket]);

    /// <summary>SET_MEM_TABLE with as many regions as there are descriptors, in room for <paramref name="roomForRegions"/>.</summary>
    public void SetMemTable(ReadOnlySpan<MemoryRegionDescription> regions, ReadOnlySpan<int> descriptors, int roomForRegions = 0)
    {
        int room = Math.Max(roomForRegions, regions.Length);
        byte[] payload = new byte[8 + (room * sizeof(MemoryRegionDescription))];
        MemoryMarshal.Write(payload, regions.Length);
        MemoryMarshal.AsBytes(regions).CopyTo(payload.AsSpan(8));
        Tell(VhostUserRequest.SetMemTable, payload, descriptors);
    }

    /// <summary>ADD_MEM_REG.</summary>
    public void AddMemoryRegion(in MemoryRegionDescription region, int descriptor) =>
        Tell(VhostUserRequest.AddMemReg, SingleRegion(region), [descriptor]);

    /// <summary>REM_MEM_REG.</summary>
    public void RemoveMemoryRegion(in MemoryRegionDescription region) => Tell(VhostUserRequest.RemMemReg, SingleRegion(region));

    /// <summary>SET_LOG_BASE. Its reply, when shared memory is negotiated, says nothing of use.</summary>
    public void SetLogBase(ulong size, ulong offset, int descriptor)
    {
        Send(VhostUserRequest.SetLogBase, new LogDescription(size, offset), [descriptor]);
        ReceiveReply(VhostUserRequest.SetLogBase);
    }

    /// <summary>SET_VRING_NUM.</summary>
    public void SetVringNum(int queue, int size) => Tell(VhostUserRequest.SetVringNum, new VringState((uint)queue, (uint)size));

    /// <summary>SET_VRING_BASE.</summary>
    public void SetVringBase(int queue, ushort next) => Tell(VhostUserRequest.SetVringBase, new VringState((uint)queue, next));

    /// <summary>SET_VRING_ADDR.</summary>
    public void SetVringAddress(in VringAddress address) => Tell(VhostUserRequest.SetVringAddr, address);

    /// <summary>SET_VRING_ENABLE.</summary>
    public void SetVringEnable(int queue, bool enable) => Tell(VhostUserRequest.SetVringEnable, new VringState((uint)queue, enable ? 1u : 0));

    /// <summary>GET_VRING_BASE, which stops the ring. Answers the next entry of the available ring that it would have taken.</summary>
    public ushort GetVringBase(int queue)
    {
        Send(VhostUserRequest.GetVringBase, new VringState((uint)queue, 0));
        VringState state = ReceiveReply(VhostUserRequest.GetVringBase).Read<VringState>();
        return state.Index == queue
            ? (ushort)state.Number
            : throw new BackEndException($"GET_VRING_BASE for ring {queue} was answered for ring {state.Index}.");
    }

    /// <summary>SET_VRING_KICK; no descriptor means that the back end polls.</summary>
    public void SetVringKick(int queue, int descriptor) => SetVringDescriptor(VhostUserRequest.SetVringKick, queue, descriptor);

    /// <summary>SET_VRING_CALL; no descriptor means that the front end polls.</summary>
    public void SetVringCall(int queue, int descriptor) => SetVringDescriptor(VhostUserRequest.SetVringCall, queue, descriptor);

    /// <summary>SET_VRING_ERR.</summary>
    public void SetVringError(int queue, int descriptor) => SetVringDescriptor(VhostUserRequest.SetVringErr, queue, descriptor);

    /// <summary>GET_CONFIG as User-Mode Linux asks: offset 0 always, and the bytes up to what it wants.</summary>
    /// <returns>The configuration, or nothing when the back end refused.</returns>
    public byte[] GetConfig(int length)
    {
        byte[] payload = new byte[12 + length];
        MemoryMarshal.Write(payload.AsSpan(4), length);
        Send(VhostUserRequest.GetConfig, payload);
        byte[] reply = ReceiveReply(VhostUserRequest.GetConfig).Payload;
        return reply.Length == payload.Length && MemoryMarshal.Read<int>(reply.AsSpan(4)) == length ? reply[12..] : [];
    }

    /// <summary>Sends a message; when REPLY_ACK is negotiated, asks for and checks the acknowledgement.</summary>
    /// <exception cref="BackEndException">The back end refused it.</exception>
    public void Tell(VhostUserRequest request, ReadOnlySpan<byte> payload = default, ReadOnlySpan<int> descriptors = default)
    {
        ulong refusal = TellForResult(request, payload, descriptors);
        if (refusal != 0)
        {
            throw new BackEndException($"The back end refused {request} with {refusal}.");
        }
    }

    /// <inheritdoc cref="Tell(VhostUserRequest, ReadOnlySpan{byte}, ReadOnlySpan{int})"/>
    public void Tell<T>(VhostUserRequest request, in T payload, ReadOnlySpan<int> descriptors = default)
        where T : unmanaged =>
        Tell(request, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in payload)), descriptors);

    /// <summary>As <see cref="Tell(VhostUserRequest, ReadOnlySpan{byte}, ReadOnlySpan{int})"/>, but answers the acknowledgement: zero is success.</summary>
    public ulong TellForResult(VhostUserRequest request, ReadOnlySpan<byte> payload = default, ReadOnlySpan<int> descriptors = default)
    {
        bool acknowledged = Negotiated.HasFlag(ProtocolFeatures.ReplyAck);
        Send(request, payload, descriptors, acknowledged);
        return acknowledged ? ReceiveReply(request).Number : 0;
    }

    private ulong Ask(VhostUserRequest request)
    {
        Send(request);
        return ReceiveReply(request).Number;
    }

    private void SetVringDescriptor(VhostUserRequest request, int queue, int descriptor)
    {
        const ulong NoDescriptor = 1 << 8;
        if (descriptor < 0)
        {
            Tell(request, (ulong)queue | NoDescriptor);
            return;
        }

        Tell(request, (ulong)queue, [descriptor]);
    }

    private static byte[] SingleRegion(in MemoryRegionDescription region)
    {
        byte[] payload = new byte[8 + sizeof(MemoryRegionDescription)];
        MemoryMarshal.Write(payload.AsSpan(8), in region);
        return payload;
    }

    private void ReceiveExactly(Span<byte> bytes, Span<int> descriptors, out int count)
    {
        count = 0;
        while (!bytes.IsEmpty)
        {
            if (!WaitReadable(Patience))
            {
                throw new BackEndException($"The back end did not answer within {Patience.TotalSeconds:0.#} s.");
            }

            nint received = UnixSocket.Receive(Descriptor, bytes, descriptors[count..], out int more);
            count += more;
            if (received <= 0)
            {
                CloseAll(descriptors[..count]);
                throw new BackEndException(received == 0
                    ? "The back end closed the connection."
                    : $"Receiving from the back end failed: {Errno.Describe((int)-received)}.");
            }

            bytes = bytes[(int)received..];
        }
    }

    private static void CloseAll(ReadOnlySpan<int> descriptors)
    {
        foreach (int descriptor in descriptors)
        {
            FileDescriptor.Close(descriptor);
        }
    }

    /// <summary>Specification, "Log description".</summary>
    private readonly record struct LogDescription(ulong Size, ulong Offset);
}
