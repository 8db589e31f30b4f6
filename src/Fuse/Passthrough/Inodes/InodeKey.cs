using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>What tells one inode from another.</summary>
/// <param name="Mount">Number of the <see cref="HostMount"/>.</param>
/// <param name="Inode">Inode number.</param>
/// <param name="Birth">Time of birth in nanoseconds, 0 where it is not known or does not stay.</param>
/// <param name="Type">File type, as in a mode: an inode never changes it.</param>
internal readonly record struct InodeKey(int Mount, ulong Inode, long Birth, ushort Type)
{
    // Far more than a tick of the clock that file systems take times from (at most 10 ms, CONFIG_HZ=100), so that small steps of the
    // host's time do no harm, and not more than the default time for which a guest remembers a name.
    private const long Settled = 1_000_000_000;

    /// <summary>
    /// Whether no other file will ever have this key, given that its file exists now: a number that becomes free is taken again at
    /// once, and times of birth are the same within a tick of the host's clock.
    /// </summary>
    internal bool IsUnmistakable => Birth != 0 && Now - Birth > Settled;

    private static long Now => (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    internal static InodeKey Of(HostMount mount, in FileStatus status) =>
        new(mount.Number, status.Inode, mount.KeepsBirth ? BirthOf(status) : 0, (ushort)status.Type);

    internal static unsafe InodeKey Of(InodeSlot* slot) => new(slot->Mount, slot->Inode, slot->Birth, slot->Type);

    private static long BirthOf(in FileStatus status) => (status.Mask & FileStatus.BirthTimeKnown) == 0
        ? 0
        : (status.BirthTime.Seconds * 1_000_000_000) + status.BirthTime.Nanoseconds;

    internal ulong Hash()
    {
        // The finishing step of splitmix64 spreads neighbouring numbers over shards and buckets.
        ulong value = Inode + ((ulong)(uint)Mount << 40) + ((ulong)Birth * 0x9E3779B97F4A7C15);
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
