using System.Runtime.CompilerServices;
using VirtioFs.DeviceEngine.Memory;
using VirtioFs.Fuse.Server;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Rings;

/// <summary>
/// One request as its descriptor chain described it: pieces of memory, readable ones first. It is filled again and again, and grows to
/// the longest chain that it has met.
/// </summary>
internal sealed partial class RequestChain
{
    /// <summary>The heaviest chain that is kept for the next request: one that reads 1 MiB in pages.</summary>
    internal const int LargestSpareWeight = 16;

    private const int InitialPieces = 32;

    // A request and its answer have 1 MiB at most: this is room for pieces of 256 bytes.
    private const int MaximumPieces = 1 << 13;

    // Room for the header, any operation's arguments and a name.
    private const int KeptBytes = 512;

    // The piece before the first one is left free for the kept beginning of the request.
    private const int First = 1;

    private IoVec[] _pieces = new IoVec[InitialPieces];
    private ulong[] _guestAddresses = new ulong[InitialPieces];
    private byte[]? _kept;
    private bool _isKept;
    private int _start;
    private int _count;
    private int _readable;
    private bool _unreachableRequest;
    private bool _unreachableReply;
    private bool _mayVanish;

    /// <summary>The first descriptor, by which the chain is given back.</summary>
    internal ushort Head { get; private set; }

    /// <summary>Bytes of the request.</summary>
    internal ulong RequestLength { get; private set; }

    /// <summary>Whether a descriptor for the answer came already, after which none of the request may come (virtio 1.2 §2.7.4.2).</summary>
    internal bool HasReply { get; private set; }

    /// <summary>The memory that the pieces lie in, where this chain holds it of its own.</summary>
    internal GuestMemory? HeldMemory { get; private set; }

    /// <summary>Whether no thread is about it: it has not been begun, or waits for somebody else.</summary>
    internal bool IsAside { get; set; }

    /// <summary>Where the chain is noted as being in flight, once it has left its worker.</summary>
    internal HeadsInFlight? InFlight { get; private set; }

    /// <summary>The request's own number, once it is kept.</summary>
    internal ulong Unique { get; private set; }

    /// <summary>Whether the guest has asked for the end of its waiting.</summary>
    internal bool IsInterrupted { get; set; }

    /// <summary>Whether what it waits for was given up while it was being answered.</summary>
    internal bool IsCalled { get; set; }

    /// <summary>Whether it waits for somebody else, or has waited.</summary>
    internal bool IsWaiter { get; set; }

    /// <summary>For how long it was laid aside last without being told when to try again; 0 when it was not.</summary>
    internal int PauseMilliseconds { get; set; }

    /// <summary>How much this object holds, in units of what every one has.</summary>
    internal int Weight => _pieces.Length / InitialPieces;

    /// <summary>True when a piece does not lie in the guest's memory; the pieces before it do.</summary>
    internal bool IsUnreachable => _unreachableRequest || _unreachableReply;

    /// <summary>The request for the file server.</summary>
    internal FuseExchange Exchange => new(
        _pieces.AsSpan(_start, _readable - _start), _pieces.AsSpan(_readable, _count - _readable), _mayVanish);

    /// <summary>The room for the answer.</summary>
    internal ReadOnlySpan<IoVec> Reply => _pieces.AsSpan(_readable, _count - _readable);

    /// <summary>The guest's address of each piece of <see cref="Reply"/>.</summary>
    internal ReadOnlySpan<ulong> ReplyGuestAddresses => _guestAddresses.AsSpan(_readable, _count - _readable);

    internal void Begin(ushort head)
    {
        Head = head;
        IsInterrupted = false;
        IsCalled = false;
        IsAside = false;
        PauseMilliseconds = 0;
        _isKept = false;
        _start = First;
        _count = First;
        _readable = First;
        RequestLength = 0;
        _unreachableRequest = false;
        _unreachableReply = false;
        HasReply = false;
    }

    /// <summary>Adds what one descriptor describes. What lies outside of memory is noted, and ends the request or the answer there.</summary>
    internal void Add(GuestMemory memory, in RingDescriptor descriptor, ref int hint)
    {
        bool writable = (descriptor.Flags & RingDescriptor.Writable) != 0;
        HasReply = writable;
        _mayVanish = memory.MayVanish;
        if (!writable)
        {
            RequestLength += descriptor.Length;
        }

        ref bool unreachable = ref writable ? ref _unreachableReply : ref _unreachableRequest;
        ulong guestAddress = descriptor.Address;
        ulong remaining = descriptor.Length;
        while (remaining > 0 && !unreachable)
        {
            if (_count == MaximumPieces || !memory.TryTranslate(guestAddress, ref hint, out nint address, out ulong available))
            {
                unreachable = true;
                return;
            }

            ulong length = Math.Min(remaining, available);
            Append(address, (nuint)length, guestAddress, writable);
            guestAddress += length;
            remaining -= length;
        }
    }

    /// <summary>
    /// Copies the request's beginning out of the guest's reach, for a request that is given to the file server once more: what it is stays
    /// what it was at the first look, and only data is still where the guest put it.
    /// </summary>
    /// <param name="header">The header as it was read at that look.</param>
    /// <param name="unique">The number in it.</param>
    internal unsafe void KeepRequest(ReadOnlySpan<byte> header, ulong unique)
    {
        if (_isKept)
        {
            return;
        }

        _kept ??= GC.AllocateUninitializedArray<byte>(KeptBytes, pinned: true);
        int length = 0;
        int next = First;
        while (next < _readable && length < KeptBytes)
        {
            IoVec piece = _pieces[next];
            int part = (int)Math.Min(piece.Length, (nuint)(KeptBytes - length));
            Keep(piece.Address, _kept.AsSpan(length, part));
            length += part;
            if ((nuint)part < piece.Length)
            {
                _pieces[next] = new IoVec(piece.Address + part, piece.Length - (nuint)part);
                _guestAddresses[next] += (ulong)part;
                break;
            }

            next++;
        }

        header.CopyTo(_kept);
        _start = next - 1;
        _pieces[_start] = new IoVec((nint)Unsafe.AsPointer(ref _kept[0]), (nuint)length);
        (_isKept, Unique) = (true, unique);
    }

    /// <summary>Makes the chain independent of the thread that read it.</summary>
    internal void Leave(GuestMemory memory, HeadsInFlight inFlight) => (HeldMemory, InFlight) = (memory.Hold(), inFlight);

    /// <summary>Ends what <see cref="Leave"/> began.</summary>
    internal void Return()
    {
        HeldMemory?.LetGo();
        ParkedFor?.LetGo();
        (HeldMemory, ParkedFor, InFlight, ParkedAnswer, _replyBefore) = (null, null, null, null, null);
    }

    /// <summary>
    /// Has the pieces lie in another mapping of the guest's memory, which becomes the chain's own. Nobody may be about to use them. False, with nothing changed, where
    /// not all of them lie there.
    /// </summary>
    internal bool TryMove(GuestMemory memory)
    {
        int first = _isKept ? _start + 1 : First;
        Span<IoVec> moved = new IoVec[_count - first];
        int hint = 0;
        for (int i = first; i < _count; i++)
        {
            if (!memory.TryTranslate(_guestAddresses[i], ref hint, out nint address, out ulong available) || available < _pieces[i].Length)
            {
                return false;
            }

            moved[i - first] = new IoVec(address, _pieces[i].Length);
        }

        moved.CopyTo(_pieces.AsSpan(first));
        HeldMemory?.LetGo();
        HeldMemory = memory.Hold();
        return true;
    }

    private unsafe void Keep(nint address, Span<byte> target)
    {
        if (!_mayVanish)
        {
            new ReadOnlySpan<byte>((void*)address, target.Length).CopyTo(target);
            return;
        }

        fixed (byte* first = target)
        {
            if (!GuardedMemory.TryRead(address, first, (nuint)target.Length))
            {
                target.Clear();
            }
        }
    }

    private void Append(nint address, nuint length, ulong guestAddress, bool writable)
    {
        int firstOfKind = writable ? _readable : First;
        if (_count > firstOfKind && TryExtendLast(address, length, guestAddress))
        {
            return;
        }

        if (_count == _pieces.Length)
        {
            Array.Resize(ref _pieces, _count * 2);
            Array.Resize(ref _guestAddresses, _count * 2);
        }

        _pieces[_count] = new IoVec(address, length);
        _guestAddresses[_count] = guestAddress;
        _count++;
        _readable += writable ? 0 : 1;
    }

    // Neighbours here may be strangers in the guest, whose address is what the dirty log goes by.
    private bool TryExtendLast(nint address, nuint length, ulong guestAddress)
    {
        ref IoVec last = ref _pieces[_count - 1];
        if (last.Address + (nint)last.Length != address || _guestAddresses[_count - 1] + last.Length != guestAddress)
        {
            return false;
        }

        last = new IoVec(last.Address, last.Length + length);
        return true;
    }
}
