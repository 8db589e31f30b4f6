using System.Runtime.InteropServices;
using VirtioFs.Fuse.Passthrough.Slots;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>
/// One part of the index of inodes: buckets whose inodes name the next one. It is its own lock. The buckets lie outside of the managed
/// heap, which would keep those of a guest's best days.
/// </summary>
/// <param name="slots">The inodes.</param>
/// <param name="hashBits">The low bits of a hash, which all inodes of a shard have in common.</param>
internal sealed unsafe class InodeShard(SlotMemory<InodeSlot> slots, int hashBits) : IDisposable
{
    private const int FewestBuckets = 64;

    private int* _buckets = Allocate(FewestBuckets);
    private int _length = FewestBuckets;
    private int _count;

    /// <summary>The slot of the inode with a key, or 0.</summary>
    internal int Find(ulong hash, InodeKey key)
    {
        for (int index = *Bucket(hash); index != 0; index = slots[index]->Next)
        {
            if (InodeKey.Of(slots[index]) == key)
            {
                return index;
            }
        }

        return 0;
    }

    /// <summary>Lets <see cref="Find"/> find an inode.</summary>
    internal void Insert(int index, ulong hash)
    {
        if (_count >= _length)
        {
            Resize(_length * 2);
        }

        _count++;
        Link(index, hash);
        slots[index]->Hashed = true;
    }

    /// <summary>Lets <see cref="Find"/> not find an inode any more, if it does.</summary>
    internal void Remove(InodeSlot* slot)
    {
        if (!slot->Hashed)
        {
            return;
        }

        int* link = Bucket(InodeKey.Of(slot).Hash());
        while (slots[*link] != slot)
        {
            link = &slots[*link]->Next;
        }

        *link = slot->Next;
        slot->Hashed = false;
        _count--;
        if (_count < _length / 8 && _length > FewestBuckets)
        {
            Resize(_length / 2);
        }
    }

    public void Dispose() => NativeMemory.Free(_buckets);

    private static int* Allocate(int length) => (int*)NativeMemory.AllocZeroed((nuint)length, sizeof(int));

    private int* Bucket(ulong hash) => &_buckets[(int)(hash >> hashBits) & (_length - 1)];

    private void Link(int index, ulong hash)
    {
        int* bucket = Bucket(hash);
        slots[index]->Next = *bucket;
        *bucket = index;
    }

    private void Resize(int length)
    {
        int* former = _buckets;
        int formerLength = _length;
        _buckets = Allocate(length);
        _length = length;
        for (int i = 0; i < formerLength; i++)
        {
            for (int index = former[i], next; index != 0; index = next)
            {
                next = slots[index]->Next;
                Link(index, InodeKey.Of(slots[index]).Hash());
            }
        }

        NativeMemory.Free(former);
    }
}
