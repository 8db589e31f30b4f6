using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using VirtioFs.Fuse.Budgets;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.Inodes;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Passthrough.Slots;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

/// <summary>The parts of the table of inodes, each by itself: which inode a file is, the slots of inodes, lists of names.</summary>
public sealed unsafe class InodeIndexTests : IDisposable
{
    private static readonly List<byte[]> s_kept = [];

    private readonly SlotMemory<InodeSlot> _slots = new();
    private readonly InodeIndex _index;

    public InodeIndexTests() => _index = new InodeIndex(_slots);

    public void Dispose()
    {
        _index.Dispose();
        _slots.Dispose();
    }

    [Fact]
    public void Inodes_are_found_while_the_index_grows_and_shrinks_and_no_others()
    {
        const int Many = 40_000;
        int[] made = [.. Enumerable.Range(0, Many).Select(number => Insert(new InodeKey(0, (ulong)number, number % 7, 0x8000)))];
        Assert.All(Enumerable.Range(0, Many), number => Assert.Equal(made[number], Find(new InodeKey(0, (ulong)number, number % 7, 0x8000))));
        for (int number = 0; number < Many; number++)
        {
            if (number % 100 != 0)
            {
                _index.RemoveStale(_slots[made[number]]);
            }
        }

        Assert.All(Enumerable.Range(0, Many), number => Assert.Equal(number % 100 == 0 ? made[number] : 0, Find(new InodeKey(0, (ulong)number, number % 7, 0x8000))));
    }

    [Theory]
    [InlineData(1, 5UL, 9L, 0x8000)]
    [InlineData(0, 6UL, 9L, 0x8000)]
    [InlineData(0, 5UL, 8L, 0x8000)]
    [InlineData(0, 5UL, 9L, 0xa000)]
    public void A_file_that_differs_in_one_part_of_its_key_is_another(int mount, ulong number, long birth, int type)
    {
        int index = Insert(new InodeKey(0, 5, 9, 0x8000));
        Assert.Equal(index, Find(new InodeKey(0, 5, 9, 0x8000)));
        Assert.Equal(0, Find(new InodeKey(mount, number, birth, (ushort)type)));
    }

    [Fact]
    public void The_next_owner_of_a_number_is_found_and_the_stale_one_can_be_removed_again_without_harm()
    {
        InodeKey key = new(0, 5, 9, 0x8000);
        int stale = Insert(key);
        _index.RemoveStale(_slots[stale]);
        Assert.Equal(0, Find(key));
        int next = Insert(key);
        _index.RemoveStale(_slots[stale]);
        Assert.NotEqual(stale, next);
        Assert.Equal(next, Find(key));
    }

    [Fact]
    public void A_pool_takes_no_more_than_its_bound_and_gives_everything_back()
    {
        using ShareBudget bound = new ProcessBudget(limit: 2, reserve: 0, promise: 0).Open(most: 2);
        using ShareBudget descriptors = new ProcessBudget(limit: 10, reserve: 0, promise: 0).Open(most: 10);
        using HostMountTable mounts = new(-1, FileHandleUse.Never, descriptors);
        using InodeTable table = new(mounts, bound, descriptors, descriptorBudget: 4);
        FileStatus status = StatusOf(Path.GetTempPath(), out int descriptor);
        HostMount mount = mounts.Find(status, descriptor)!;
        table.AddRoot(descriptor, mount, status);
        Assert.Equal(1, table.Clock.Count);
        ulong[] nodes = [.. Enumerable.Range(0, 3).Select(number => Reference(table, mount, status, 1000 + (ulong)number))];
        Assert.All(nodes[..1], node => Assert.NotEqual(0UL, node));
        Assert.All(nodes[1..], node => Assert.Equal(0UL, node));
        Assert.Equal((2, false), (table.Count, table.HasRoom));
        table.Forget(nodes[0], 1);
        Assert.Equal((1, true), (table.Count, table.HasRoom));
        Assert.True(table.Pin(nodes[0], out _) < 0);
        Assert.NotEqual(0UL, Reference(table, mount, status, 1000));
    }

    [Fact]
    public void A_name_is_dropped_from_wherever_it_stands_in_a_list()
    {
        LookupName* names = null, dropped = null;
        foreach (string text in (string[])["a", "bb", "ccc"])
        {
            names = LookupName.Create(1, Name(text), names);
        }

        LookupNameList.Drop(ref names, 2, Name("bb"), ref dropped);
        Assert.Empty(Texts(dropped));
        LookupNameList.Drop(ref names, 1, Name("bb"), ref dropped);
        Assert.Equal(["ccc", "a"], Texts(names));
        Assert.Equal(["bb"], Texts(dropped));
        LookupNameList.DropAfter(ref names, 1, ref dropped);
        Assert.Equal(["ccc"], Texts(names));
        Assert.Equal(["a", "bb"], Texts(dropped));
        LookupNameList.Append(ref names, dropped);
        Assert.Equal(["ccc", "a", "bb"], Texts(names));
        while (names is not null)
        {
            LookupName* next = names->Next;
            NativeMemory.Free(names);
            names = next;
        }
    }

    private int Insert(InodeKey key)
    {
        int index = _slots.Take();
        InodeSlot* slot = _slots[index];
        (slot->Mount, slot->Inode, slot->Birth, slot->Type) = (key.Mount, key.Inode, key.Birth, key.Type);
        _index[key.Hash()].Insert(index, key.Hash());
        return index;
    }

    private int Find(InodeKey key) => _index[key.Hash()].Find(key.Hash(), key);

    private static FileStatus StatusOf(string path, out int descriptor)
    {
        descriptor = Files.Open(path, OpenFlags.Path);
        Assert.Equal(0, FileStatus.Of(descriptor, out FileStatus status));
        return status;
    }

    private static ulong Reference(InodeTable table, HostMount mount, FileStatus status, ulong number)
    {
        int none = -1;
        return table.Reference(mount, status with { Inode = number }, ref none, null, verified: true);
    }

    private static FileName Name(string text)
    {
        byte[] bytes = GC.AllocateArray<byte>(text.Length + 1, pinned: true);
        _ = Encoding.UTF8.GetBytes(text, bytes);
        s_kept.Add(bytes);
        Assert.Equal(0, FileName.Admit((byte*)Unsafe.AsPointer(ref bytes[0]), text.Length, out FileName name));
        return name;
    }

    private static List<string> Texts(LookupName* names)
    {
        List<string> texts = [];
        for (; names is not null; names = names->Next)
        {
            texts.Add(Encoding.UTF8.GetString(names->Text));
        }

        return texts;
    }
}
