using VirtioFs.Linux;

namespace VirtioFs.Fuse;

/// <summary>
/// One owner's locks on one file. The host keeps them by the open file description that is held here; what is noted beside
/// tells a guest who is in its way, and finds circles of waiters.
/// </summary>
internal sealed class LockOwner(ulong owner, int descriptor) : IDisposable
{
    private readonly List<LockRange> _held = [];
    private readonly List<ulong> _handles = [];

    internal ulong Owner { get; } = owner;

    internal int Descriptor { get; } = descriptor;

    internal bool HoldsAny => _held.Count > 0;

    /// <summary>A range that is in the way of another owner's wish, or null.</summary>
    internal LockRange? Conflict(LockRange wanted)
    {
        foreach (LockRange held in _held)
        {
            if (held.ConflictsWith(wanted))
            {
                return held;
            }
        }

        return null;
    }

    /// <summary>Whether a lock was taken through an open file of the guest's.</summary>
    internal bool HasUsed(ulong handle) => _handles.Contains(handle);

    /// <summary>Takes the range on the host, and notes it with the guest's open file. EAGAIN when somebody else is in the way.</summary>
    internal int Take(LockRange range, ulong handle)
    {
        int result = FileLocks.Set(Descriptor, range.IsWrite ? FileLocks.Write : FileLocks.Read, range.Start, range.HostLength);
        if (result == 0)
        {
            CutOut(range);
            _held.Add(range);
            if (!HasUsed(handle))
            {
                _handles.Add(handle);
            }
        }

        return result;
    }

    /// <summary>Gives the range up.</summary>
    internal int GiveUp(LockRange range)
    {
        CutOut(range);
        return FileLocks.Set(Descriptor, FileLocks.Unlock, range.Start, range.HostLength);
    }

    /// <summary>
    /// Gives everything up. The host drops the locks with the description, but a process that is just being started may hold that for
    /// a moment longer.
    /// </summary>
    public void Dispose()
    {
        _ = FileLocks.Set(Descriptor, FileLocks.Unlock, 0, 0);
        FileDescriptor.Close(Descriptor);
    }

    private void CutOut(LockRange range)
    {
        for (int i = _held.Count - 1; i >= 0; i--)
        {
            LockRange held = _held[i];
            if (!held.Overlaps(range))
            {
                continue;
            }

            _held.RemoveAt(i);
            if (held.Start < range.Start)
            {
                _held.Add(held with { End = range.Start - 1 });
            }

            if (held.End > range.End)
            {
                _held.Add(held with { Start = range.End + 1 });
            }
        }
    }
}
