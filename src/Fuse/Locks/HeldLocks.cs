using VirtioFs.Linux;

namespace VirtioFs.Fuse.Locks;

/// <summary>
/// One owner's locks on one file. The host keeps them by the open file description that is held here; what is noted beside
/// tells a guest who is in its way, and finds circles of waiters. Who has the file's turn asks the host, and changes the notes under the
/// table's lock.
/// </summary>
internal sealed class HeldLocks(LockOwner owner, LockedFile file, int descriptor, bool mayWrite) : LockParty(owner, file)
{
    // By their first bytes; none overlaps another.
    private readonly List<LockRange> _ranges = new(1);
    private int _descriptor = descriptor;

    /// <summary>The guest's open files through which locks were taken.</summary>
    internal List<ulong> Handles { get; } = new(1);

    internal int Descriptor => _descriptor;

    /// <summary>Whether the description is open for writing, as a lock that keeps readers out needs.</summary>
    internal bool MayWrite { get; private set; } = mayWrite;

    internal IReadOnlyList<LockRange> Ranges => _ranges;

    internal bool HoldsAny => _ranges.Count > 0;

    /// <summary>What the bound of locks counts: a handle costs nothing as long as there is one alone.</summary>
    internal int Records => _ranges.Count + Math.Max(0, Handles.Count - 1);

    /// <summary>What taking a range changes. Neighbours of the same kind become one, as on the host.</summary>
    internal LockChange PlanTaking(in LockRange range)
    {
        int first = FirstEndingAtOrAfter(range.Start - 1);
        int next = first;
        LockRange taken = range;
        LockRange? left = null, right = null;
        for (; next < _ranges.Count && _ranges[next].Start - 1 <= range.End; next++)
        {
            LockRange held = _ranges[next];
            if (held.IsWrite == range.IsWrite && held.ProcessId == range.ProcessId)
            {
                taken = taken with { Start = Math.Min(taken.Start, held.Start), End = Math.Max(taken.End, held.End) };
                continue;
            }

            left = LeftOf(held, range) ?? left;
            right = RightOf(held, range) ?? right;
        }

        return new LockChange(first, next - first, left, taken, right);
    }

    /// <summary>What giving a range up changes.</summary>
    internal LockChange PlanGivingUp(in LockRange range)
    {
        int first = FirstEndingAtOrAfter(range.Start);
        int next = first;
        LockRange? left = null, right = null;
        for (; next < _ranges.Count && _ranges[next].Start <= range.End; next++)
        {
            left = LeftOf(_ranges[next], range) ?? left;
            right = RightOf(_ranges[next], range) ?? right;
        }

        return new LockChange(first, next - first, left, null, right);
    }

    /// <summary>Whether a change takes the place of a writer's lock.</summary>
    internal bool HasWriter(in LockChange change)
    {
        for (int i = change.First; i < change.First + change.Count; i++)
        {
            if (_ranges[i].IsWrite)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>From the first byte held to the last, as a range that is in everybody's way; null where none is held.</summary>
    internal LockRange? Hull => HoldsAny ? new LockRange(_ranges[0].Start, _ranges[^1].End, IsWrite: true, 0) : null;

    /// <summary>Notes a change that the host has made.</summary>
    internal void Apply(in LockChange change)
    {
        for (int i = change.First; i < change.First + change.Count; i++)
        {
            File.Held.Remove(_ranges[i], this);
        }

        _ranges.RemoveRange(change.First, change.Count);
        foreach (LockRange? range in (ReadOnlySpan<LockRange?>)[change.Right, change.Taken, change.Left])
        {
            if (range is LockRange come)
            {
                _ranges.Insert(change.First, come);
                File.Held.Add(come, this);
            }
        }
    }

    /// <summary>
    /// Goes over to a description that is open for writing. Until now there are locks of readers alone, which do not keep each other
    /// out, so nobody can come in between. The descriptor is closed when this answers an error.
    /// </summary>
    internal int MoveTo(int descriptor)
    {
        foreach (LockRange range in _ranges)
        {
            int result = FileLocks.Set(descriptor, FileLocks.Read, range.Start, range.HostLength);
            if (result < 0)
            {
                FileDescriptor.Close(descriptor);
                return result;
            }
        }

        Close();
        (_descriptor, MayWrite) = (descriptor, true);
        return 0;
    }

    /// <summary>Forgets all ranges; the host's go with <see cref="Close"/>.</summary>
    internal void Forget()
    {
        foreach (LockRange range in _ranges)
        {
            File.Held.Remove(range, this);
        }

        _ranges.Clear();
    }

    /// <summary>
    /// Closes the description. The host drops the locks with it, but a process that is just being started may hold that for a moment longer.
    /// </summary>
    internal void Close()
    {
        _ = FileLocks.Set(_descriptor, FileLocks.Unlock, 0, 0);
        FileDescriptor.Close(_descriptor);
    }

    private static LockRange? LeftOf(in LockRange held, in LockRange range) =>
        held.Start < range.Start ? held with { End = Math.Min(held.End, range.Start - 1) } : null;

    private static LockRange? RightOf(in LockRange held, in LockRange range) =>
        held.End > range.End ? held with { Start = Math.Max(held.Start, range.End + 1) } : null;

    private int FirstEndingAtOrAfter(long position)
    {
        int low = 0, high = _ranges.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _ranges[middle].End < position ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
