using VirtioFs.Linux;

namespace VirtioFs.Fuse.Identity;

/// <summary>
/// Translates user ids, or group ids, in both directions. An id that no rule names stays as it is; the last one
/// (<see cref="RequestThread.InvalidId"/>) is nobody's, and neither goes in nor comes out.
/// </summary>
internal sealed class IdMap
{
    /// <summary>What the kernel shows for owners that it has no id for (<c>/proc/sys/kernel/overflowuid</c>).</summary>
    private const uint Nobody = 65534;

    private readonly Entry[] _toHost;
    private readonly Entry[] _toGuest;

    /// <exception cref="ArgumentException">Two rules say different things of one id, or one goes beyond the last id.</exception>
    internal IdMap(IReadOnlyList<IdRange> ranges, string what)
    {
        List<Entry> toHost = [], toGuest = [];
        foreach (IdRange range in ranges)
        {
            bool single = range.Kind is IdRangeKind.SquashGuest or IdRangeKind.SquashHost or IdRangeKind.ForbidGuest;
            uint targets = single ? 1 : range.Count;
            if (range.Count == 0 || (ulong)range.From + range.Count > RequestThread.InvalidId || (ulong)range.To + targets > RequestThread.InvalidId)
            {
                throw new ArgumentException($"The {what} rule '{range}' must name at least one id, and none beyond 4294967294.");
            }

            switch (range.Kind)
            {
                case IdRangeKind.HostToGuest or IdRangeKind.SquashHost:
                    Add(toGuest, new Entry(range.From, range.To, range.Count, single, false), range, what);
                    break;
                case IdRangeKind.Both:
                    Add(toHost, new Entry(range.From, range.To, range.Count, false, false), range, what);
                    Add(toGuest, new Entry(range.To, range.From, range.Count, false, false), range, what);
                    break;
                default:
                    Add(toHost, new Entry(range.From, range.To, range.Count, single, range.Kind == IdRangeKind.ForbidGuest), range, what);
                    break;
            }
        }

        (_toHost, _toGuest) = ([.. toHost], [.. toGuest]);
    }

    /// <summary>The host's id for a guest's. EPERM for one that is forbidden, EOVERFLOW for the one that is none.</summary>
    internal int TryToHost(uint id, out uint hostId)
    {
        hostId = id;
        if (id == RequestThread.InvalidId)
        {
            return -Errno.EOVERFLOW;
        }

        foreach (ref readonly Entry entry in _toHost.AsSpan())
        {
            if (entry.Holds(id))
            {
                hostId = entry.Translate(id);
                return entry.IsForbidden ? -Errno.EPERM : 0;
            }
        }

        return 0;
    }

    /// <summary>The guest's id for a host's.</summary>
    internal uint ToGuest(uint id)
    {
        foreach (ref readonly Entry entry in _toGuest.AsSpan())
        {
            if (entry.Holds(id))
            {
                return entry.Translate(id);
            }
        }

        return id == RequestThread.InvalidId ? Nobody : id;
    }

    private static void Add(List<Entry> entries, Entry entry, IdRange range, string what)
    {
        if (entries.Exists(other => entry.First < (ulong)other.First + other.Count && other.First < (ulong)entry.First + entry.Count))
        {
            throw new ArgumentException($"The {what} rule '{range}' names ids that an earlier rule names in the same direction.");
        }

        entries.Add(entry);
    }

    private readonly record struct Entry(uint First, uint Target, uint Count, bool IsSquash, bool IsForbidden)
    {
        internal bool Holds(uint id) => id >= First && id - First < Count;

        internal uint Translate(uint id) => IsSquash ? Target : Target + (id - First);
    }
}
