using VirtioFs.Fuse.Passthrough.Slots;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>Which inode the guest knows a file by: inodes by what the host calls them, in parts with a lock each.</summary>
internal sealed unsafe class InodeIndex : IDisposable
{
    private const int ShardBits = 6;

    private readonly InodeShard[] _shards = new InodeShard[1 << ShardBits];

    internal InodeIndex(SlotMemory<InodeSlot> slots)
    {
        for (int i = 0; i < _shards.Length; i++)
        {
            _shards[i] = new InodeShard(slots, ShardBits);
        }
    }

    /// <summary>The part that has the inodes of a hash, which is its own lock.</summary>
    internal InodeShard this[ulong hash] => _shards[hash & ((1 << ShardBits) - 1)];

    /// <summary>The part that an inode belongs to.</summary>
    internal InodeShard Of(InodeSlot* slot) => this[InodeKey.Of(slot).Hash()];

    /// <summary>Lets lookups not find an inode any more whose number may be another file's by now; a new lookup finds that one.</summary>
    internal void RemoveStale(InodeSlot* slot)
    {
        InodeShard shard = Of(slot);
        lock (shard)
        {
            shard.Remove(slot);
        }
    }

    public void Dispose() => Array.ForEach(_shards, shard => shard.Dispose());
}
