using System.Runtime.CompilerServices;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Server;

/// <summary>Pieces of memory seen as one stretch of bytes. A guest may change the bytes at any time, never the pieces.</summary>
internal readonly unsafe ref struct ScatteredMemory
{
    private readonly ReadOnlySpan<IoVec> _pieces;
    private readonly bool _mayVanish;

    internal ScatteredMemory(ReadOnlySpan<IoVec> pieces, bool mayVanish)
    {
        _pieces = pieces;
        _mayVanish = mayVanish;
        foreach (ref readonly IoVec piece in pieces)
        {
            Length += (long)piece.Length;
        }
    }

    internal long Length { get; }

    /// <summary>Copies out. The caller has checked that the range lies inside. False when the memory is gone.</summary>
    /// <param name="offset">Where.</param>
    /// <param name="target">Room for the bytes.</param>
    /// <param name="length">How many.</param>
    /// <param name="piece">The piece in which the last copy ended, so that reading on does not begin at the first one again.</param>
    internal bool CopyTo(long offset, byte* target, uint length, ref PiecePosition piece)
    {
        piece = offset < piece.Start ? default : piece;
        while (piece.Start + (long)_pieces[piece.Index].Length <= offset && piece.Index + 1 < _pieces.Length)
        {
            piece = new PiecePosition(piece.Index + 1, piece.Start + (long)_pieces[piece.Index].Length);
        }

        return Copy(_pieces[piece.Index..], offset - piece.Start, target, length, outward: true);
    }

    /// <summary>Copies in. The caller has checked that the range lies inside. False when the memory is gone.</summary>
    internal bool CopyFrom(long offset, byte* source, uint length) => Copy(_pieces, offset, source, length, outward: false);

    /// <summary>The pieces of a range.</summary>
    /// <returns>How many, or -1 when <paramref name="target"/> is too short for them.</returns>
    internal int Slice(long offset, long length, Span<IoVec> target)
    {
        int count = 0;
        foreach (ref readonly IoVec piece in _pieces)
        {
            long size = (long)piece.Length;
            if (offset >= size)
            {
                offset -= size;
                continue;
            }

            if (length == 0)
            {
                break;
            }

            if (count == target.Length)
            {
                return -1;
            }

            long part = Math.Min(size - offset, length);
            target[count++] = new IoVec(piece.Address + (nint)offset, (nuint)part);
            length -= part;
            offset = 0;
        }

        return count;
    }

    private bool Copy(ReadOnlySpan<IoVec> pieces, long offset, byte* other, uint length, bool outward)
    {
        foreach (ref readonly IoVec piece in pieces)
        {
            long size = (long)piece.Length;
            if (offset >= size)
            {
                offset -= size;
                continue;
            }

            uint part = (uint)Math.Min(size - offset, length);
            byte* here = (byte*)piece.Address + offset;
            if (!_mayVanish)
            {
                Unsafe.CopyBlockUnaligned(outward ? other : here, outward ? here : other, part);
            }
            else if (!(outward ? GuardedMemory.TryRead((nint)here, other, part) : GuardedMemory.TryWrite((nint)here, other, part)))
            {
                return false;
            }

            other += part;
            length -= part;
            offset = 0;
            if (length == 0)
            {
                break;
            }
        }

        return true;
    }
}
