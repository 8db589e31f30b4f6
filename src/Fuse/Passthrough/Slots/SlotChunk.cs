using System.Numerics;

namespace VirtioFs.Fuse.Passthrough.Slots;

/// <summary>Which elements of one part of a <see cref="SlotMemory{T}"/> are in use.</summary>
internal sealed class SlotChunk
{
    /// <summary>Elements of a chunk: a whole number of pages for any element whose size is a multiple of four.</summary>
    internal const int Size = 1024;

    private readonly ulong[] _free = [.. Enumerable.Repeat(ulong.MaxValue, Size / 64)];
    private readonly int _mostFree;
    private int _freeCount;

    /// <summary>Makes one of which nothing is in use.</summary>
    /// <param name="firstFree">Below it are elements that are never given out.</param>
    internal SlotChunk(int firstFree)
    {
        _free[0] <<= firstFree;
        _freeCount = _mostFree = Size - firstFree;
    }

    /// <summary>The number of the next chunk with room, or -1.</summary>
    internal int Next { get; set; }

    /// <summary>Whether it is among the chunks with room.</summary>
    internal bool IsListed { get; set; }

    /// <summary>The generation in which an element of zeroes is given out: no element of that number has had it.</summary>
    internal uint Generation { get; set; }

    internal bool IsFull => _freeCount == 0;

    internal bool IsUnused => _freeCount == _mostFree;

    /// <summary>Gives out the lowest free element.</summary>
    internal int Take()
    {
        int word = _free.AsSpan().IndexOfAnyExcept(0UL);
        int bit = BitOperations.TrailingZeroCount(_free[word]);
        _free[word] &= ~(1UL << bit);
        _freeCount--;
        return (word * 64) + bit;
    }

    internal void Free(int element)
    {
        _free[element / 64] |= 1UL << (element % 64);
        _freeCount++;
    }
}
