using VirtioFs.Frontend.Memory;

namespace VirtioFs.Frontend.Fuse;

// Requests of any bytes, in pieces of any size, with room for any reply.
public sealed unsafe partial class FuseClient
{
    private const int RawToken = -1;
    private GuestBuffer _rawRequest, _rawReply;

    /// <summary>Sends bytes as they are, and answers what came back as it is: as many bytes as the ring says.</summary>
    /// <param name="request">The readable bytes; none, where there is room for a reply, makes a chain without a readable piece.</param>
    /// <param name="replyRoom">The writable bytes; none makes a chain without a writable piece.</param>
    /// <param name="pieceBytes">The size of each piece that both lie in.</param>
    /// <exception cref="BackEndException">Nothing came back, or more than there is room for.</exception>
    public byte[] TransactRaw(ReadOnlySpan<byte> request, int replyRoom, int pieceBytes = int.MaxValue)
    {
        if (request.IsEmpty && replyRoom == 0)
        {
            throw new ArgumentException("A chain has one piece at least.", nameof(request));
        }

        if (_rawRequest.Length < request.Length)
        {
            _rawRequest = _memory.Allocate(Math.Max(request.Length, 64 << 10));
        }

        if (_rawReply.Length < replyRoom)
        {
            _rawReply = _memory.Allocate(Math.Max(replyRoom, 64 << 10));
        }

        request.CopyTo(_rawRequest.Span);
        if (!Queue.TryAdd(Cut(_rawRequest, request.Length, pieceBytes), Cut(_rawReply, replyRoom, pieceBytes), RawToken))
        {
            throw new InvalidOperationException($"Queue {Queue.Index} has no room for one more request.");
        }

        Kick();
        int token;
        uint length;
        while (!Queue.TryTake(out token, out length))
        {
            WaitForUsed();
        }

        if (token != RawToken || length > replyRoom)
        {
            throw new BackEndException($"A raw request got {length} bytes in room for {replyRoom}, as answer to request {token}.");
        }

        return _rawReply.Span[..(int)length].ToArray();
    }

    private static GuestBuffer[] Cut(GuestBuffer buffer, int length, int pieceBytes)
    {
        GuestBuffer[] pieces = new GuestBuffer[(length + (long)pieceBytes - 1) / pieceBytes];
        for (int i = 0; i < pieces.Length; i++)
        {
            pieces[i] = buffer.Slice(i * pieceBytes, Math.Min(pieceBytes, length - (i * pieceBytes)));
        }

        return pieces;
    }
}
