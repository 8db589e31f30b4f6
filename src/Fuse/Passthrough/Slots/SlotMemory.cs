using System.Runtime.InteropServices;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Slots;

/// <summary>
/// A growing array outside of the managed heap whose elements never move, so that they are read without locks while it grows.
/// Each begins with its <see cref="SlotLifetime"/>. Element 0 is never given out.
/// </summary>
/// <remarks>
/// The pages of a chunk that is not in use any more go back to the system, and its elements read as zeroes, which is a slot that nobody
/// can begin to use. They are given out again in a generation that none of them has had.
/// </remarks>
internal sealed unsafe class SlotMemory<T> : IDisposable where T : unmanaged
{
    private const int MaximumChunks = 1 << 16;
    private const int None = -1;

    private static readonly nuint s_chunkBytes = PrivateMemory.WholePages((nuint)(SlotChunk.Size * sizeof(T)));

    private readonly Lock _lock = new();
    private readonly T** _elements = (T**)NativeMemory.AllocZeroed(MaximumChunks, (nuint)sizeof(T*));
    private readonly List<SlotChunk> _chunks = [];
    private int _end = 1;

    // The first of the chunks that have room, each of which names the next one.
    private int _withRoom = None;

    /// <summary>One more than the highest number given out so far.</summary>
    internal int End => Volatile.Read(ref _end);

    /// <summary>The element, or null for a number that was never given out.</summary>
    internal T* this[int index] => (uint)(index - 1) < (uint)(End - 1) ? Element(index) : null;

    /// <summary>Gives out an element. 0 when there can be no more.</summary>
    internal int Take()
    {
        lock (_lock)
        {
            if (_withRoom == None && !TryGrow())
            {
                return 0;
            }

            int number = _withRoom;
            SlotChunk chunk = _chunks[number];
            int index = (number * SlotChunk.Size) + chunk.Take();
            if (chunk.IsFull)
            {
                (_withRoom, chunk.IsListed) = (chunk.Next, false);
            }

            long* lifetime = (long*)Element(index);
            *lifetime = *lifetime == 0 ? SlotLifetime.OfGeneration(chunk.Generation) : *lifetime;
            // Pairs with the read in End: whoever sees the number sees the chunk.
            Volatile.Write(ref _end, Math.Max(_end, index + 1));
            return index;
        }
    }

    /// <summary>Takes an element back whose lifetime is closed.</summary>
    internal void Free(int index)
    {
        lock (_lock)
        {
            int number = index / SlotChunk.Size;
            SlotChunk chunk = _chunks[number];
            chunk.Free(index % SlotChunk.Size);
            if (!chunk.IsListed)
            {
                int former = _withRoom;
                (_withRoom, chunk.Next, chunk.IsListed) = (number, former, true);
                GiveBackIfUnused(former);
            }
            else if (_withRoom != number)
            {
                // The first one keeps its pages, since the next element comes from it.
                GiveBackIfUnused(number);
            }
        }
    }

    public void Dispose()
    {
        for (int i = 0; i < _chunks.Count; i++)
        {
            PrivateMemory.Free(_elements[i], s_chunkBytes);
        }

        _chunks.Clear();
        NativeMemory.Free(_elements);
    }

    private T* Element(int index) => _elements[index / SlotChunk.Size] + (index % SlotChunk.Size);

    private bool TryGrow()
    {
        int number = _chunks.Count;
        T* elements = number == MaximumChunks ? null : (T*)PrivateMemory.Allocate(s_chunkBytes);
        if (elements is null)
        {
            return false;
        }

        _elements[number] = elements;
        _chunks.Add(new SlotChunk(firstFree: number == 0 ? 1 : 0) { Next = None, IsListed = true });
        _withRoom = number;
        return true;
    }

    private void GiveBackIfUnused(int number)
    {
        if (number == None || !_chunks[number].IsUnused)
        {
            return;
        }

        for (int i = 0; i < SlotChunk.Size; i++)
        {
            uint next = SlotLifetime.Generation(*(long*)(_elements[number] + i));
            _chunks[number].Generation = Math.Max(_chunks[number].Generation, next);
        }

        PrivateMemory.Empty(_elements[number], s_chunkBytes);
    }
}
