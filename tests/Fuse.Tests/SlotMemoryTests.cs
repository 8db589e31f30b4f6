using System.Globalization;
using System.Runtime.InteropServices;
using VirtioFs.Fuse.Passthrough.Inodes;
using VirtioFs.Fuse.Passthrough.Slots;

namespace VirtioFs.Fuse.Tests;

/// <summary>The memory that inodes and open files lie in.</summary>
[Collection(nameof(SlotMemoryTests))]
public sealed unsafe class SlotMemoryTests
{
    private const int Many = 1_000_000;

    [Fact]
    public void A_million_idle_inodes_cost_little_memory_and_give_it_back()
    {
        using SlotMemory<InodeSlot> slots = new();
        long before = PrivateBytes();
        int[] taken = [.. Enumerable.Range(0, Many).Select(_ => Use(slots))];
        Assert.InRange(PrivateBytes() - before, 0, 150L * Many);
        foreach (int index in taken)
        {
            Leave(slots, index);
        }

        Assert.InRange(PrivateBytes() - before, long.MinValue, 20L * Many);
    }

    [Fact]
    public void An_element_is_never_given_out_twice_and_never_in_a_generation_that_it_had()
    {
        using SlotMemory<Slot> slots = new();
        HashSet<(int Index, uint Generation)> seen = [];
        Random random = new(1);
        List<int> held = [];
        for (int round = 0; round < 60; round++)
        {
            for (int count = random.Next(5000); count > 0; count--)
            {
                int index = Use(slots);
                Assert.True(index > 0);
                Assert.True(seen.Add((index, SlotLifetime.Generation(slots[index]->Lifetime))));
                held.Add(index);
            }

            // Now all of them, so that whole chunks are given back, now some.
            for (int count = round % 3 == 0 ? held.Count : random.Next(held.Count); count > 0; count--)
            {
                int position = random.Next(held.Count);
                Leave(slots, held[position]);
                held[position] = held[^1];
                held.RemoveAt(held.Count - 1);
            }
        }
    }

    [Fact]
    public void Nobody_can_begin_to_use_an_element_whose_memory_was_given_back()
    {
        using SlotMemory<Slot> slots = new();
        int[] taken = [.. Enumerable.Range(0, 10 * SlotChunk.Size).Select(_ => Use(slots))];
        Array.ForEach(taken, index => Leave(slots, index));
        Assert.All(taken, index =>
        {
            Assert.False(SlotLifetime.TryPin(ref slots[index]->Lifetime, 0));
            Assert.False(SlotLifetime.TryPin(ref slots[index]->Lifetime, 1));
            Assert.False(SlotLifetime.TryBeginChange(ref slots[index]->Lifetime));
        });
        Assert.True(slots[taken.Max() + 1] is null);
        Assert.True(slots[0] is null);
        Assert.True(slots[-1] is null);
    }

    private static int Use<T>(SlotMemory<T> slots) where T : unmanaged
    {
        int index = slots.Take();
        SlotLifetime.Open(ref *(long*)slots[index]);
        return index;
    }

    private static void Leave<T>(SlotMemory<T> slots, int index) where T : unmanaged
    {
        SlotLifetime.Close(ref *(long*)slots[index]);
        slots.Free(index);
    }

    private static long PrivateBytes()
    {
        string line = File.ReadLines("/proc/self/smaps_rollup").First(line => line.StartsWith("Anonymous:", StringComparison.Ordinal));
        return long.Parse(line.AsSpan("Anonymous:".Length, line.Length - "Anonymous: kB".Length), CultureInfo.InvariantCulture) * 1024;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Slot
    {
        public long Lifetime;
        public long More;
    }
}
