using VirtioFs.Frontend.Memory;
using VirtioFs.Frontend.Rings;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.Frontend.Fuse;

/// <summary>
/// The guest's FUSE on one queue: requests in flight at any depth, checked replies, and (in the other parts of this class) every
/// operation as a call that waits. Nothing is allocated between <see cref="CreateRequest"/> and the end.
/// </summary>
/// <remarks>One thread at a time. Several clients on several queues may share one guest.</remarks>
public sealed unsafe partial class FuseClient
{
    private const int CallDataBytes = (1 << 20) + 4096;

    private readonly GuestMemory _memory;
    private readonly int _socket;
    private readonly List<FuseRequest> _requests = [];
    private readonly Queue<FuseRequest> _done = new(1024);
    private FuseRequest? _call;
    private ulong _lastUnique;

    /// <summary>Uses a queue that is set up already.</summary>
    /// <param name="memory">Where requests are laid.</param>
    /// <param name="queue">The queue.</param>
    /// <param name="socket">The connection's socket, whose end means that no reply will come; or -1.</param>
    public FuseClient(GuestMemory memory, GuestQueue queue, int socket = -1)
    {
        ArgumentNullException.ThrowIfNull(queue);
        (_memory, Queue, _socket) = (memory, queue, socket);
        _lastUnique = (ulong)queue.Index << 48;
    }

    /// <summary>The queue.</summary>
    public GuestQueue Queue { get; }

    /// <summary>How long to wait for a reply before the back end counts as stuck.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>False for tests that want to see replies that break the protocol.</summary>
    public bool ChecksReplies { get; set; } = true;

    /// <summary>The request that the calls of this class use; its identity fields name the caller of each.</summary>
    public FuseRequest Call => _call ??= CreateRequest(128 << 10, CallDataBytes);

    /// <summary>Takes guest memory for one more request in flight.</summary>
    /// <param name="argumentBytes">Room for arguments in bytes.</param>
    /// <param name="dataBytes">Room for data in bytes.</param>
    /// <param name="pieceBytes">Bytes of each piece of data.</param>
    public FuseRequest CreateRequest(int argumentBytes = 8192, int dataBytes = 0, int pieceBytes = 4096)
    {
        FuseRequest request = new(_memory, _requests.Count, argumentBytes, dataBytes, pieceBytes);
        _requests.Add(request);
        return request;
    }

    /// <summary>Writes the header's length and number. <see cref="Submit"/> does it too, unless the test has.</summary>
    public void Prepare(FuseRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        _lastUnique += 2;
        request.Seal(_lastUnique);
    }

    /// <summary>Makes a request available to the back end, without waking it.</summary>
    /// <param name="request">A request that is not in flight.</param>
    /// <param name="prepare">False when the test has written the header itself.</param>
    /// <exception cref="InvalidOperationException">The queue is full.</exception>
    public void Submit(FuseRequest request, bool prepare = true)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (prepare)
        {
            Prepare(request);
        }

        request.IsDone = false;
        if (!Queue.TryAdd(request.ReadablePieces(), request.WritablePieces(), request.Slot))
        {
            request.IsDone = true;
            throw new InvalidOperationException($"Queue {Queue.Index} has no room for one more request.");
        }
    }

    /// <summary>Wakes the back end for what was submitted, if it wants that.</summary>
    public void Kick() => Queue.Kick();

    /// <summary>Takes a request that is done, if there is one.</summary>
    /// <exception cref="BackEndException">Its reply breaks the protocol.</exception>
    public bool TryReceive(out FuseRequest request) => _done.TryDequeue(out request!) || TryTake(out request);

    /// <summary>Waits for a request that is done.</summary>
    /// <exception cref="BackEndException">None was in time, or the connection ended.</exception>
    public FuseRequest Receive()
    {
        FuseRequest request;
        while (!TryReceive(out request))
        {
            WaitForUsed();
        }

        return request;
    }

    /// <summary>Submits a request and waits for it. Zero, or a negated error number.</summary>
    public int Transact(FuseRequest request, bool prepare = true)
    {
        Submit(request, prepare);
        Kick();
        return WaitFor(request);
    }

    /// <summary>Waits for one request; others that are done meanwhile are kept for <see cref="TryReceive"/>. Zero, or a negated error number.</summary>
    public int WaitFor(FuseRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        while (!request.IsDone)
        {
            if (!TryTake(out FuseRequest taken))
            {
                WaitForUsed();
            }
            else if (taken != request)
            {
                _done.Enqueue(taken);
            }
        }

        return request.Error;
    }

    private bool TryTake(out FuseRequest request)
    {
        request = null!;
        if (!Queue.TryTake(out int slot, out uint length))
        {
            return false;
        }

        request = _requests[slot];
        request.IsDone = true;
        request.Finish(length);
        if (ChecksReplies && request.HasReply)
        {
            CheckReply(request);
        }

        return true;
    }

    private void WaitForUsed()
    {
        if (!Queue.Wait(Patience, _socket))
        {
            throw new BackEndException($"The back end did not answer on queue {Queue.Index} within {Patience.TotalSeconds:0.#} s, or has gone.");
        }
    }

    private static void CheckReply(FuseRequest request)
    {
        if (request.ReplyLength == 0 && request.Opcode is FuseOpcode.Interrupt)
        {
            return;
        }

        if (request.ReplyLength < sizeof(FuseOutHeader) || request.ReplyLength > request.ReplyRoom)
        {
            throw new BackEndException($"The reply to {request.Opcode} has {request.ReplyLength} bytes in room for {request.ReplyRoom}.");
        }

        ref FuseOutHeader header = ref request.ReplyHeader;
        if (header.Length != request.ReplyLength || header.Unique != request.Unique)
        {
            throw new BackEndException(
                $"The reply to {request.Opcode} {request.Unique} says that it has {header.Length} bytes and answers {header.Unique}; the ring says {request.ReplyLength} bytes.");
        }

        if (header.Error is > 0 or <= -4096 || (header.Error != 0 && header.Length != sizeof(FuseOutHeader)))
        {
            throw new BackEndException($"The reply to {request.Opcode} has error {header.Error} and {header.Length} bytes.");
        }
    }
}
