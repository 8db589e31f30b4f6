using System.Runtime.InteropServices;

namespace VirtioFs.Fuse;

/// <summary>
/// A growing array outside of the managed heap whose elements never move, so that they are read without locks while it grows.
/// Free elements are kept in a list. Element 0 is never given out.
/// </summary>
internal sealed unsafe class SlotMemory<T> : IDisposable where T : unmanaged
{
    private const int ChunkBits = 10;
    private const int ChunkSize = 1 << ChunkBits;
    private const int MaximumChunks = 1 << 16;

    private readonly Lock _lock = new();
    private readonly T** _chunks = (T**)NativeMemory.AllocZeroed(MaximumChunks, (nuint)sizeof(T*));
    private readonly Stack<int> _free = new();
    private int _used = 1;

    /// <summary>One more than the highest number given out so far.</summary>
    internal int End => Volatile.Read(ref _used);

    /// <summary>The element, or null for a number that was never given out.</summary>
    internal T* this[int index] => (uint)(index - 1) < (uint)(End - 1) ? _chunks[index >> ChunkBits] + (index & (ChunkSize - 1)) : null;

    /// <summary>Gives out an element: one that was freed, or one of zeroes. 0 when there can be no more.</summary>
    internal int Take()
    {
        lock (_lock)
        {
            if (_free.TryPop(out int freed))
            {
                return freed;
            }

            int chunk = _used >> ChunkBits;
            if (chunk == MaximumChunks)
            {
                return 0;
            }

            if (_chunks[chunk] is null)
            {
                _chunks[chunk] = (T*)NativeMemory.AllocZeroed(ChunkSize, (nuint)sizeof(T));
            }

            // Pairs with the read in End: whoever sees the number sees the chunk.
            Volatile.Write(ref _used, _used + 1);
            return _used - 1;
        }
    }

    internal void Free(int index)
    {
        lock (_lock)
        {
            _free.Push(index);
        }
    }

    public void Dispose()
    {
        for (int i = 0; i < MaximumChunks && _chunks[i] is not null; i++)
        {
            NativeMemory.Free(_chunks[i]);
        }

        NativeMemory.Free(_chunks);
    }
}
