namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>An inode in use: neither it nor its descriptor goes away before this is disposed.</summary>
internal readonly unsafe ref struct InodePin
{
    private readonly InodeTable _table;
    private readonly int _index;

    internal InodePin(InodeTable table, int index, InodeSlot* slot)
    {
        _table = table;
        _index = index;
        Slot = slot;
    }

    internal InodeSlot* Slot { get; }

    internal int Index => _index;

    /// <summary>The node id by which the guest knows it.</summary>
    internal ulong Node => InodeTable.NodeOf(_index, Slot);

    public void Dispose() => _table?.Unpin(_index, Slot);
}
