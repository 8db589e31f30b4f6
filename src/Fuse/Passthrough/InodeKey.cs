using VirtioFs.Linux;

namespace VirtioFs.Fuse;

/// <summary>What tells one inode from another.</summary>
/// <param name="Place">Number of the <see cref="Place"/>.</param>
/// <param name="Inode">Inode number.</param>
/// <param name="Birth">Time of birth in nanoseconds, 0 where it is not known or does not stay.</param>
internal readonly record struct InodeKey(int Place, ulong Inode, long Birth)
{
    internal static InodeKey Of(Place place, in FileStatus status) => new(place.Number, status.Inode, place.KeepsBirth ? BirthOf(status) : 0);

    internal static unsafe InodeKey Of(InodeSlot* slot) => new(slot->Place, slot->Inode, slot->Birth);

    private static long BirthOf(in FileStatus status) => (status.Mask & FileStatus.BirthTimeKnown) == 0
        ? 0
        : (status.BirthTime.Seconds * 1_000_000_000) + status.BirthTime.Nanoseconds;

    internal ulong Hash()
    {
        // The finishing step of splitmix64 spreads neighbouring numbers over shards and buckets.
        ulong value = Inode + ((ulong)(uint)Place << 40) + ((ulong)Birth * 0x9E3779B97F4A7C15);
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
