using VirtioFs.DeviceEngine.Memory;
using VirtioFs.Fuse.Server;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Rings;

/// <summary>
/// What becomes of a request that hangs while the guest's memory is taken from it: it answers into memory that nobody sees, and the answer is
/// copied to where the guest looks for it later.
/// </summary>
internal sealed partial class RequestChain
{
    // More than any request that is served has, and any answer: data, with headers, arguments and a name.
    private const int MostNeeded = (int)FuseWorker.MaximumWrite + (8 << 10);

    // The reply's room as it was before the memory was replaced. What differs from it was written by the request.
    private byte[]? _replyBefore;

    /// <summary>The mapping that the answer is to be copied into, where the request hangs and its pieces were taken from the guest's memory; else null.</summary>
    internal GuestMemory? ParkedFor { get; private set; }

    /// <summary>Bytes of the answer of a parked chain that waits for its ring to go on.</summary>
    internal uint? ParkedAnswer { get; set; }

    /// <summary>
    /// Has the answer go into another mapping of the guest's memory, since the pieces lie in memory that nobody sees from the replacement on, which comes
    /// after this.
    /// </summary>
    internal void Park(GuestMemory memory)
    {
        _replyBefore ??= CopyReply();
        ParkedFor?.LetGo();
        ParkedFor = memory.Hold();
    }

    /// <summary>Ends what <see cref="Park"/> began.</summary>
    internal void Unpark()
    {
        ParkedFor?.LetGo();
        (ParkedFor, _replyBefore) = (null, null);
    }

    /// <summary>
    /// Copies the answer of a chain that was parked to where the guest looks for it. What the request has not written since is left as it is there: it
    /// may have come back between the copy of the memory and its replacement, and have written the guest's own.
    /// </summary>
    /// <param name="written">Bytes of the answer, of which there are no more than any answer has.</param>
    /// <returns>False where that memory is not there any more.</returns>
    internal bool TryBringHome(uint written)
    {
        ReadOnlySpan<byte> before = _replyBefore;
        before = before[..(int)Math.Min(written, (uint)before.Length)];
        int hint = 0;
        for (int i = _readable; i < _count && !before.IsEmpty; i++)
        {
            int length = (int)nuint.Min((nuint)before.Length, _pieces[i].Length);
            if (!TryCopyOut(_pieces[i].Address, _guestAddresses[i], before[..length], ref hint))
            {
                return false;
            }

            before = before[length..];
        }

        return true;
    }

    /// <summary>
    /// Adds what is still to be read of the request, and what may be written of its answer. The guest may describe its whole memory a thousand times: what
    /// no request has is left out.
    /// </summary>
    internal void AddNeeded(List<IoVec> pieces)
    {
        AddFirst(Exchange.Request, pieces);
        AddFirst(Reply, pieces);
    }

    private static void AddFirst(ReadOnlySpan<IoVec> from, List<IoVec> pieces)
    {
        nuint left = MostNeeded;
        foreach (IoVec piece in from)
        {
            if (left == 0)
            {
                return;
            }

            nuint length = nuint.Min(piece.Length, left);
            pieces.Add(new IoVec(piece.Address, length));
            left -= length;
        }
    }

    private byte[] CopyReply()
    {
        List<IoVec> pieces = [];
        AddFirst(Reply, pieces);
        byte[] copy = new byte[pieces.Sum(piece => (int)piece.Length)];
        int position = 0;
        foreach (IoVec piece in pieces)
        {
            Keep(piece.Address, copy.AsSpan(position, (int)piece.Length));
            position += (int)piece.Length;
        }

        return copy;
    }

    private unsafe bool TryCopyOut(nint source, ulong guestAddress, ReadOnlySpan<byte> before, ref int hint)
    {
        while (!before.IsEmpty)
        {
            if (!ParkedFor!.TryTranslate(guestAddress, ref hint, out nint target, out ulong available))
            {
                return false;
            }

            int part = (int)Math.Min((ulong)before.Length, available);
            if (!TryCopyChanges(new ReadOnlySpan<byte>((void*)source, part), before[..part], target))
            {
                return false;
            }

            source += part;
            guestAddress += (ulong)part;
            before = before[part..];
        }

        return true;
    }

    private unsafe bool TryCopyChanges(ReadOnlySpan<byte> now, ReadOnlySpan<byte> before, nint target)
    {
        int position = 0;
        while ((position += now[position..].CommonPrefixLength(before[position..])) < now.Length)
        {
            int end = position + 1;
            while (end < now.Length && now[end] != before[end])
            {
                end++;
            }

            ReadOnlySpan<byte> changed = now[position..end];
            if (!_mayVanish)
            {
                changed.CopyTo(new Span<byte>((void*)(target + position), changed.Length));
            }
            else if (!TryWriteGuarded(target + position, changed))
            {
                return false;
            }

            position = end;
        }

        return true;
    }

    private static unsafe bool TryWriteGuarded(nint target, ReadOnlySpan<byte> content)
    {
        fixed (byte* first = content)
        {
            return GuardedMemory.TryWrite(target, first, (nuint)content.Length);
        }
    }
}
