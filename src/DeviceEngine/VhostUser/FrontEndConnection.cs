using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VirtioFs.DeviceEngine.Descriptors;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.VhostUser;

/// <summary>The connection to one front end: whole messages in, answers out. One thread reads and writes.</summary>
internal sealed class FrontEndConnection : IDisposable
{
    private readonly FileDescriptor _socket;
    private readonly int _interrupt;
    private readonly Lock _ending = new();
    private ConnectionWatch _watch = ConnectionWatch.None;
    private bool _isDisposed;

    /// <summary>Takes over a connected socket.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="interrupt">A descriptor that becomes readable when waiting is to end; it stays the caller's.</param>
    internal FrontEndConnection(int socket, int interrupt)
    {
        _socket = new FileDescriptor(socket);
        _interrupt = interrupt;
        _ = SocketOptions.SetNonBlocking(socket);
        Peer = UnixSocket.GetPeer(socket, out PeerCredentials peer) == 0 ? peer : default;
    }

    /// <summary>Who is at the other end.</summary>
    internal PeerCredentials Peer { get; }

    /// <summary>Has something else looked after while this waits.</summary>
    internal void Attend(ConnectionWatch watch) => _watch = watch;

    /// <summary>Whether the front end has closed its end.</summary>
    internal bool IsClosedByPeer => _socket.IsClosed || IsReady(_socket.Value, Poll.Broken);

    /// <summary>Waits for a message. Whatever the outcome, descriptors that came are the message's.</summary>
    /// <param name="message">What came.</param>
    /// <param name="fault">With <see cref="Reception.Broken"/>: what is wrong, as a sentence.</param>
    internal Reception Receive(Message message, out string? fault)
    {
        Span<byte> header = MemoryMarshal.AsBytes(new Span<MessageHeader>(ref message.Header));
        Reception reception = Fill(header, message, isBeginning: true, out fault);
        if (reception != Reception.Received)
        {
            return reception;
        }

        fault = DescribeFault(message.Header);
        return fault is null ? Fill(message.PayloadMemory, message, isBeginning: false, out fault) : Reception.Broken;
    }

    /// <summary>Sends an answer. False when the front end is gone or the share is to stop.</summary>
    internal bool TrySend(FrontEndRequest request, ReadOnlySpan<byte> payload)
    {
        MessageHeader header = new()
        {
            Request = request,
            Flags = MessageHeader.Version | MessageHeader.Reply,
            Size = (uint)payload.Length,
        };
        Span<byte> message = stackalloc byte[Unsafe.SizeOf<MessageHeader>() + Message.MaximumPayload];
        MemoryMarshal.Write(message, in header);
        payload.CopyTo(message[Unsafe.SizeOf<MessageHeader>()..]);
        ReadOnlySpan<byte> remaining = message[..(Unsafe.SizeOf<MessageHeader>() + payload.Length)];
        while (!remaining.IsEmpty)
        {
            nint sent = UnixSocket.Send(_socket.Value, remaining);
            if (sent == -Errno.EAGAIN && TryAwait(Poll.Writable))
            {
                continue;
            }

            if (sent <= 0)
            {
                return false;
            }

            remaining = remaining[(int)sent..];
        }

        return true;
    }

    /// <summary>Ends the connection, so that the session ends as when the front end does it. From any thread.</summary>
    internal void Disconnect()
    {
        lock (_ending)
        {
            if (!_isDisposed)
            {
                _ = UnixSocket.Shutdown(_socket.Value);
            }
        }
    }

    public void Dispose()
    {
        lock (_ending)
        {
            _isDisposed = true;
        }

        DescriptorDisposal.Close(_socket);
    }

    private Reception Fill(Span<byte> target, Message message, bool isBeginning, out string? fault)
    {
        fault = null;
        int filled = 0;
        while (filled < target.Length)
        {
            nint received = UnixSocket.Receive(
                _socket.Value, target[filled..], message.DescriptorMemory, out int descriptors, wait: false);
            message.NoteDescriptors(descriptors);
            if (received == -Errno.EAGAIN)
            {
                if (!TryAwait(Poll.Readable))
                {
                    return Reception.Interrupted;
                }

                continue;
            }

            if (received <= 0)
            {
                return DescribeEnd(received, isBeginning && filled == 0, out fault);
            }

            filled += (int)received;
        }

        return Reception.Received;
    }

    private static Reception DescribeEnd(nint received, bool betweenMessages, out string? fault)
    {
        fault = received switch
        {
            0 or -Errno.ECONNRESET => "The front end closed the connection in the middle of a message.",
            -Errno.EMSGSIZE => $"The front end sent more than {UnixSocket.MaximumDescriptors} descriptors with one message.",
            _ => $"Receiving from the front end failed: {Errno.Describe((int)-received)}.",
        };
        bool closed = betweenMessages && received is 0 or -Errno.ECONNRESET;
        fault = closed ? null : fault;
        return closed ? Reception.Closed : Reception.Broken;
    }

    private static string? DescribeFault(in MessageHeader header)
    {
        if ((header.Flags & MessageHeader.VersionMask) != MessageHeader.Version)
        {
            return $"The front end sent a message of version {header.Flags & MessageHeader.VersionMask}; this is version {MessageHeader.Version} of vhost-user.";
        }

        if ((header.Flags & MessageHeader.Reply) != 0)
        {
            return $"The front end sent an answer to {header.Request}, which nobody had asked.";
        }

        return header.Size > Message.MaximumPayload
            ? $"The front end sent {header.Request} with {header.Size} bytes; the longest message has {Message.MaximumPayload}."
            : null;
    }

    /// <summary>Waits until the socket is ready, or broken. False when waiting is to end.</summary>
    private bool TryAwait(short events)
    {
        while (true)
        {
            int patience = _watch.Review();
            Span<PollEntry> entries =
            [
                new PollEntry { Descriptor = _socket.Value, Events = events },
                new PollEntry { Descriptor = _interrupt, Events = Poll.Readable },
                new PollEntry { Descriptor = _watch.Listener, Events = Poll.Readable },
            ];
            int ready = Poll.Wait(entries, patience);
            if (ready < 0 || entries[1].Happened != 0)
            {
                return false;
            }

            // This front end comes first: one that has gone must not keep the next one out.
            if (entries[0].Happened != 0)
            {
                return true;
            }

            if (entries[2].Happened == 0)
            {
                continue;
            }

            // poll(2) looks at one after the other: this one may have gone, and the next one come, in between.
            if (IsReady(_socket.Value, (short)(events | Poll.Broken)))
            {
                return true;
            }

            if (!_watch.Knock())
            {
                _watch = _watch with { Listener = -1 };
            }
        }
    }

    private static bool IsReady(int descriptor, short events)
    {
        Span<PollEntry> entries = [new PollEntry { Descriptor = descriptor, Events = events }];
        return Poll.Wait(entries, 0) > 0 && (entries[0].Happened & events) != 0;
    }
}
