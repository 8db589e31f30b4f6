using VirtioFs.DeviceEngine.Memory;
using VirtioFs.Fuse;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Rings;

/// <summary>
/// One request as its descriptor chain described it: pieces of memory, readable ones first. It is filled again and again, and grows to
/// the longest chain that it has met.
/// </summary>
internal sealed class RequestChain
{
    private const int InitialPieces = 32;

    // Far more than the longest chain has; only descriptors that each cross many small regions come to more.
    private const int MaximumPieces = 1 << 16;
    private IoVec[] _pieces = new IoVec[InitialPieces];
    private ulong[] _guestAddresses = new ulong[InitialPieces];
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

    /// <summary>True when a piece does not lie in the guest's memory; the pieces before it do.</summary>
    internal bool IsUnreachable => _unreachableRequest || _unreachableReply;

    /// <summary>The request for the file server.</summary>
    internal FuseExchange Exchange => new(_pieces.AsSpan(0, _readable), _pieces.AsSpan(_readable, _count - _readable), _mayVanish);

    /// <summary>The room for the answer.</summary>
    internal ReadOnlySpan<IoVec> Reply => _pieces.AsSpan(_readable, _count - _readable);

    /// <summary>The guest's address of each piece of <see cref="Reply"/>.</summary>
    internal ReadOnlySpan<ulong> ReplyGuestAddresses => _guestAddresses.AsSpan(_readable, _count - _readable);

    internal void Begin(ushort head)
    {
        Head = head;
        _count = 0;
        _readable = 0;
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

    /// <summary>Makes the chain independent of the thread that read it.</summary>
    internal void HoldMemory(GuestMemory memory) => HeldMemory = memory.Hold();

    internal void LetGoOfMemory()
    {
        HeldMemory?.LetGo();
        HeldMemory = null;
    }

    private void Append(nint address, nuint length, ulong guestAddress, bool writable)
    {
        int firstOfKind = writable ? _readable : 0;
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
