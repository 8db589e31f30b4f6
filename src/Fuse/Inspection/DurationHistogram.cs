using System.Numerics;

namespace VirtioFs.Fuse.Inspection;

/// <summary>
/// How long things took: counts in buckets, eight for each power of two, so that a percentile is known to an eighth of itself. One thread
/// counts without locks; others may read at any time.
/// </summary>
public sealed class DurationHistogram
{
    // From 64 ns up to 68 s; what is outside of that goes into the first or the last bucket.
    private const int FirstPower = 6, LastPower = 36, BitsWithin = 3;
    private const int BucketsWithin = 1 << BitsWithin;
    private const int Buckets = (LastPower - FirstPower) * BucketsWithin;

    private readonly long[] _buckets = new long[Buckets];
    private long _longest;

    /// <summary>How many there were.</summary>
    public long Count
    {
        get
        {
            long count = 0;
            for (int i = 0; i < Buckets; i++)
            {
                count += Volatile.Read(ref _buckets[i]);
            }

            return count;
        }
    }

    /// <summary>The longest, in nanoseconds.</summary>
    public long Longest => Volatile.Read(ref _longest);

    /// <summary>The time within which a part of them ended, in nanoseconds; 0 when there were none.</summary>
    /// <param name="part">Such as 0.99.</param>
    public long Percentile(double part)
    {
        long wanted = (long)Math.Ceiling(Count * part);
        for (int i = 0; i < Buckets && wanted > 0; i++)
        {
            wanted -= Volatile.Read(ref _buckets[i]);
            if (wanted <= 0)
            {
                return Math.Min(EndOf(i), Longest);
            }
        }

        return Longest;
    }

    /// <summary>What came after an earlier state of the same counts. The longest is known to an eighth of itself, unless it is a new one.</summary>
    /// <param name="earlier">The earlier state; null for the beginning.</param>
    public DurationHistogram Since(DurationHistogram? earlier)
    {
        DurationHistogram difference = new();
        for (int i = 0; i < Buckets; i++)
        {
            long count = Volatile.Read(ref _buckets[i]) - (earlier?._buckets[i] ?? 0);
            difference._buckets[i] = Math.Max(0, count);
            difference._longest = count > 0 ? Math.Min(EndOf(i), Longest) : difference._longest;
        }

        difference._longest = Longest > (earlier?.Longest ?? 0) ? Longest : difference._longest;
        return difference;
    }

    internal void Note(long nanoseconds)
    {
        _buckets[BucketOf(nanoseconds)]++;
        if (nanoseconds > _longest)
        {
            Volatile.Write(ref _longest, nanoseconds);
        }
    }

    /// <summary>The counts of all buckets, up to the last that is not empty.</summary>
    internal long[] Save()
    {
        int last = Array.FindLastIndex(_buckets, count => count != 0);
        return _buckets.AsSpan(0, last + 1).ToArray();
    }

    /// <summary>One that <see cref="Save"/> gave; what is beyond the buckets is passed over.</summary>
    internal static DurationHistogram Of(IReadOnlyList<long> buckets, long longest)
    {
        DurationHistogram histogram = new() { _longest = longest };
        for (int i = 0; i < Math.Min(buckets.Count, Buckets); i++)
        {
            histogram._buckets[i] = buckets[i];
        }

        return histogram;
    }

    /// <summary>Adds the counts of another one.</summary>
    public void Add(DurationHistogram other)
    {
        ArgumentNullException.ThrowIfNull(other);
        for (int i = 0; i < Buckets; i++)
        {
            _buckets[i] += Volatile.Read(ref other._buckets[i]);
        }

        _longest = Math.Max(_longest, other.Longest);
    }

    private static int BucketOf(long nanoseconds)
    {
        int power = BitOperations.Log2((ulong)Math.Max(nanoseconds, 1L << FirstPower));
        int within = (int)(nanoseconds >> (power - BitsWithin)) & (BucketsWithin - 1);
        return nanoseconds < 1L << FirstPower ? 0 : Math.Min(((power - FirstPower) * BucketsWithin) + within, Buckets - 1);
    }

    private static long EndOf(int bucket)
    {
        int power = FirstPower + (bucket / BucketsWithin);
        return (long)(BucketsWithin + (bucket % BucketsWithin) + 1) << (power - BitsWithin);
    }
}
