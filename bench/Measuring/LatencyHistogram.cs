using System.Numerics;

namespace VirtioFs.Bench.Measuring;

/// <summary>Counts durations in buckets no wider than 1/64 of their value, so that recording one allocates nothing.</summary>
internal sealed class LatencyHistogram
{
    private const int PrecisionBits = 6, BucketsAPower = 1 << PrecisionBits;
    private readonly long[] _counts = new long[64 * BucketsAPower];
    private long _total;

    /// <summary>The longest duration in nanoseconds.</summary>
    public long Maximum { get; private set; }

    public void Clear()
    {
        Array.Clear(_counts);
        (_total, Maximum) = (0, 0);
    }

    /// <summary>Counts one duration.</summary>
    public void Record(long nanoseconds)
    {
        _counts[BucketOf(nanoseconds)]++;
        _total++;
        Maximum = Math.Max(Maximum, nanoseconds);
    }

    /// <summary>The duration in nanoseconds that this share of all durations (0 to 1) does not exceed.</summary>
    public long Percentile(double share)
    {
        long wanted = Math.Max(1, (long)Math.Ceiling(_total * share));
        long seen = 0;
        for (int bucket = 0; bucket < _counts.Length; bucket++)
        {
            seen += _counts[bucket];
            if (seen >= wanted)
            {
                return Math.Min(UpperEndOf(bucket), Maximum);
            }
        }

        return Maximum;
    }

    private static int BucketOf(long value)
    {
        if (value < BucketsAPower)
        {
            return (int)Math.Max(0, value);
        }

        int shift = BitOperations.Log2((ulong)value) - PrecisionBits;
        return ((shift + 1) << PrecisionBits) + (int)((value >> shift) - BucketsAPower);
    }

    private static long UpperEndOf(int bucket)
    {
        if (bucket < BucketsAPower)
        {
            return bucket;
        }

        int shift = (bucket >> PrecisionBits) - 1;
        return ((BucketsAPower + (bucket & (BucketsAPower - 1)) + 1L) << shift) - 1;
    }
}
