using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Server;

/// <summary>Writes an answer: first what follows the header, then the header.</summary>
internal readonly unsafe ref struct ReplyWriter
{
    private readonly ScatteredMemory _memory;

    internal ReplyWriter(FuseExchange exchange) => _memory = new ScatteredMemory(exchange.Reply, exchange.MayVanish);

    /// <summary>Bytes that fit behind the header; negative when the header itself does not fit.</summary>
    internal long Room => _memory.Length - sizeof(OutHeader);

    /// <summary>Puts a structure behind the header. Answers its size, or EINVAL when it does not fit.</summary>
    internal nint Put<T>(in T value) where T : unmanaged
    {
        fixed (T* source = &value)
        {
            return Put((byte*)source, (uint)sizeof(T));
        }
    }

    /// <summary>Puts bytes behind the header. Answers their number, EINVAL when they do not fit, or EFAULT when the memory is gone.</summary>
    internal nint Put(byte* source, uint length)
    {
        if (Room < length)
        {
            return -Errno.EINVAL;
        }

        return _memory.CopyFrom(sizeof(OutHeader), source, length) ? (nint)length : -Errno.EFAULT;
    }

    /// <summary>The pieces behind the header, for the kernel to fill.</summary>
    internal bool TryTakePieces(uint length, Span<IoVec> target, out ReadOnlySpan<IoVec> pieces)
    {
        int count = Room < length ? -1 : _memory.Slice(sizeof(OutHeader), length, target);
        pieces = count < 0 ? default : target[..count];
        return count >= 0;
    }

    /// <summary>Ends the answer. Answers its whole length in bytes.</summary>
    internal uint Finish(ulong unique, nint result)
    {
        OutHeader header = new()
        {
            Length = (uint)sizeof(OutHeader) + (uint)(result > 0 ? result : 0),
            Error = result < 0 ? (int)result : 0,
            Unique = unique,
        };
        _ = _memory.CopyFrom(0, (byte*)&header, (uint)sizeof(OutHeader));
        return header.Length;
    }
}
