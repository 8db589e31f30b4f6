using System.Numerics;
using SharpFuzz.Common;

namespace VirtioFs.Fuzz;

/// <summary>The edges of instrumented code that were taken, by one thread most of the time.</summary>
internal static unsafe class Coverage
{
    private const int MapSize = 1 << 16;
    private static readonly byte[] s_now = GC.AllocateArray<byte>(MapSize, pinned: true);
    private static readonly byte[] s_ever = new byte[MapSize];

    /// <summary>Edges taken since <see cref="Forget"/>, each also by how often about.</summary>
    internal static int Count { get; private set; }

    /// <summary>Begins a round, which has to be the same whatever came before.</summary>
    internal static void Forget()
    {
        Array.Clear(s_ever);
        Array.Clear(s_now);
        Trace.PrevLocation = 0;
        Count = 0;
    }

    /// <summary>Must come before any instrumented code.</summary>
    internal static void Begin()
    {
        fixed (byte* first = s_now)
        {
            Trace.SharedMem = first;
        }
    }

    /// <summary>Whether an edge was taken that was not before, and begins anew.</summary>
    internal static bool TakeNews()
    {
        bool any = false;
        for (int i = 0; i < MapSize; i += Vector<byte>.Count)
        {
            Vector<byte> here = new(s_now, i);
            if (here == Vector<byte>.Zero)
            {
                continue;
            }

            for (int j = i; j < i + Vector<byte>.Count; j++)
            {
                byte class_ = (byte)(s_now[j] == 0 ? 0 : 1 << Math.Min(BitOperations.Log2(s_now[j]), 7));
                if ((class_ & ~s_ever[j]) != 0)
                {
                    s_ever[j] |= class_;
                    Count++;
                    any = true;
                }
            }

            Vector<byte>.Zero.CopyTo(s_now, i);
        }

        return any;
    }
}
