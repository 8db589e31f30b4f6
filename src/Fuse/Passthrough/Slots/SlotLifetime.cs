using System.Runtime.CompilerServices;

namespace VirtioFs.Fuse.Passthrough.Slots;

/// <summary>
/// Who uses a slot of a table, in one word that threads change without locks: 32 bits of generation, by which an old number
/// of a slot is told from a new one; "live", while anybody may begin to use it; "busy", when its owner changes it; and 30
/// bits that count users. A word of zero is a slot that was never used.
/// </summary>
internal static class SlotLifetime
{
    private const long Users = (1L << 30) - 1;
    private const long Busy = 1L << 30;
    private const long Live = 1L << 31;

    internal static uint Generation(long word) => (uint)(word >>> 32);

    /// <summary>The word of a slot that is not in use, in a generation.</summary>
    internal static long OfGeneration(uint generation) => (long)((ulong)generation << 32);

    internal static bool IsLive(long word) => (word & Live) != 0;

    /// <summary>Opens a slot that is not in use, in its present generation.</summary>
    internal static void Open(ref long word) => Volatile.Write(ref word, word | Live);

    /// <summary>Leaves a slot that nobody uses to its next life.</summary>
    internal static void Close(ref long word) => Volatile.Write(ref word, OfGeneration(Generation(word) + 1));

    /// <summary>Begins to use a slot. False when that generation of it is over.</summary>
    internal static bool TryPin(ref long word, uint generation)
    {
        SpinWait spin = default;
        long seen = Volatile.Read(ref word);
        while (Generation(seen) == generation && IsLive(seen))
        {
            if ((seen & Busy) != 0)
            {
                spin.SpinOnce();
                seen = Volatile.Read(ref word);
                continue;
            }

            long found = Interlocked.CompareExchange(ref word, seen + 1, seen);
            if (found == seen)
            {
                return true;
            }

            seen = found;
        }

        return false;
    }

    /// <summary>Ends a use. True when it was the last one of a retired slot, which the caller then frees.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Unpin(ref long word) => (Interlocked.Decrement(ref word) & (Live | Busy | Users)) == 0;

    /// <summary>Lets nobody begin any more. True when nobody is left, and the caller frees the slot; false also when it was retired before.</summary>
    internal static bool Retire(ref long word) => (Interlocked.And(ref word, ~Live) & (Live | Busy | Users)) == Live;

    /// <summary>Keeps users out for a moment. False when there are any.</summary>
    internal static bool TryBeginChange(ref long word)
    {
        long seen = Volatile.Read(ref word);
        return (seen & (Live | Busy | Users)) == Live && Interlocked.CompareExchange(ref word, seen | Busy, seen) == seen;
    }

    /// <summary>Lets users in again. True when the slot was retired meanwhile, and the caller frees it.</summary>
    internal static bool EndChange(ref long word) => (Interlocked.And(ref word, ~Busy) & (Live | Users)) == 0;
}
