using System.Runtime.CompilerServices;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Server;

/// <summary>
/// Reads a request from its beginning to its end, each byte once: what it hands out are copies that the guest cannot change.
/// </summary>
internal unsafe ref struct RequestReader
{
    private readonly ScatteredMemory _memory;
    private PiecePosition _piece;
    private long _position;
    private long _end;

    internal RequestReader(FuseExchange exchange)
    {
        _memory = new ScatteredMemory(exchange.Request, exchange.MayVanish);
        _end = _memory.Length;
    }

    /// <summary>Bytes from the current position to the end of the arguments.</summary>
    internal readonly long Remaining => _end - _position;

    /// <summary>Sets where the request ends, counted from its beginning. False when it would be outside of what there is.</summary>
    internal bool TrySetEnd(long end)
    {
        if (end < _position || end > _memory.Length)
        {
            return false;
        }

        _end = end;
        return true;
    }

    /// <summary>Sets how many bytes are left. False when there are fewer.</summary>
    internal bool TrySetRemaining(long remaining) => TrySetEnd(_position + remaining);

    /// <summary>Passes bytes over.</summary>
    internal bool TrySkip(long length)
    {
        if (length < 0 || length > Remaining)
        {
            return false;
        }

        _position += length;
        return true;
    }

    /// <summary>Copies a fixed structure.</summary>
    internal bool TryRead<T>(out T value) where T : unmanaged
    {
        Unsafe.SkipInit(out value);
        fixed (T* target = &value)
        {
            if (Remaining >= sizeof(T) && _memory.CopyTo(_position, (byte*)target, (uint)sizeof(T), ref _piece))
            {
                _position += sizeof(T);
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>Copies the first bytes of a structure of which older guests send only so many; the rest is zero.</summary>
    internal bool TryReadPrefix<T>(int size, out T value) where T : unmanaged
    {
        value = default;
        fixed (T* target = &value)
        {
            if (Remaining < size || !_memory.CopyTo(_position, (byte*)target, (uint)size, ref _piece))
            {
                return false;
            }
        }

        _position += size;
        return true;
    }

    /// <summary>Copies bytes.</summary>
    internal bool TryRead(byte* target, uint length)
    {
        if (Remaining < length || (length > 0 && !_memory.CopyTo(_position, target, length, ref _piece)))
        {
            return false;
        }

        _position += length;
        return true;
    }

    /// <summary>Copies text up to its NUL, with the NUL.</summary>
    /// <param name="target">Where it goes; room for <paramref name="maximum"/> bytes and a NUL.</param>
    /// <param name="maximum">The longest text in bytes, without the NUL.</param>
    /// <param name="length">Its length without the NUL; one more than <paramref name="maximum"/> when it is longer than that.</param>
    /// <returns>False when there is no NUL at all.</returns>
    internal bool TryReadText(byte* target, int maximum, out int length)
    {
        int available = (int)Math.Min(Remaining, maximum + 1);
        length = 0;
        if (available <= 0 || !_memory.CopyTo(_position, target, (uint)available, ref _piece))
        {
            return false;
        }

        int end = new ReadOnlySpan<byte>(target, available).IndexOf((byte)0);
        if (end >= 0)
        {
            length = end;
            _position += end + 1;
            return true;
        }

        length = available;
        return available > maximum;
    }

    /// <summary>The pieces of the next bytes, which stay where they are.</summary>
    internal bool TryTakePieces(uint length, Span<IoVec> target, out ReadOnlySpan<IoVec> pieces)
    {
        pieces = default;
        int count = Remaining < length ? -1 : _memory.Slice(_position, length, target);
        if (count < 0)
        {
            return false;
        }

        pieces = target[..count];
        _position += length;
        return true;
    }
}
