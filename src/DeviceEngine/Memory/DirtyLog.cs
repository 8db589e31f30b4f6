using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Memory;

/// <summary>
/// The bitmap in which the front end learns what was written into guest memory, while it moves the guest elsewhere (vhost-user:
/// Migration). Marks come after the writes that they tell of.
/// </summary>
internal sealed unsafe class DirtyLog
{
    // vhost-user: VHOST_LOG_PAGE.
    private const int PageShift = 12;

    private readonly FileMapping _mapping;

    /// <summary>Takes over the caller's hold on a mapping, which begins at the bit of guest address 0.</summary>
    internal DirtyLog(FileMapping mapping) => _mapping = mapping;

    internal bool TryHold() => _mapping.TryHold();

    internal void LetGo() => _mapping.LetGo();

    /// <summary>Marks the pages of memory that was written. What the log has no room for is left out.</summary>
    internal void Mark(ulong guestAddress, ulong length)
    {
        if (length == 0)
        {
            return;
        }

        ulong last = (guestAddress + (length - 1)) >> PageShift;
        for (ulong page = guestAddress >> PageShift; page <= last && page / 8 < _mapping.Size; page++)
        {
            MarkPage(page);
        }
    }

    /// <summary>Marks what was written of an answer.</summary>
    /// <param name="pieces">The room for the answer.</param>
    /// <param name="guestAddresses">The guest's address of each piece.</param>
    /// <param name="written">Bytes written, from the first piece on.</param>
    internal void Mark(ReadOnlySpan<IoVec> pieces, ReadOnlySpan<ulong> guestAddresses, uint written)
    {
        ulong remaining = written;
        for (int i = 0; i < pieces.Length && remaining > 0; i++)
        {
            ulong length = Math.Min(remaining, pieces[i].Length);
            Mark(guestAddresses[i], length);
            remaining -= length;
        }
    }

    // The front end takes bits away while this sets them, so both use atomic operations; those exist for aligned words.
    private void MarkPage(ulong page)
    {
        nint address = _mapping.Address + (nint)(page / 8);
        int bit = (int)(page % 8) + (8 * (int)(address & 3));
        _ = Interlocked.Or(ref *(uint*)(address & ~(nint)3), 1u << bit);
    }
}
