namespace VirtioFs.Fuzz;

/// <summary>
/// The decisions that make an input. What is drawn is kept as bytes, so an input can be replayed, and a changed copy of its bytes is an
/// input that is much like it.
/// </summary>
internal sealed class Choices
{
    private const int MostKept = 1024;
    private readonly List<byte> _drawn = [];
    private Random _random = new(0);
    private byte[] _prefix = [];

    /// <summary>What was drawn since <see cref="Begin"/>.</summary>
    internal byte[] Drawn => [.. _drawn];

    /// <summary>Sets what is drawn when there is nothing to replay.</summary>
    internal void Seed(ulong seed) => _random = new Random(unchecked((int)(seed * 2654435761 >> 7)));

    /// <summary>Begins an input, with decisions to replay first.</summary>
    internal void Begin(byte[] prefix)
    {
        _prefix = prefix;
        _drawn.Clear();
    }

    /// <summary>A number below a limit.</summary>
    internal int Below(int limit) => limit <= 1 ? 0 : limit <= 256 ? Byte() % limit : (int)(UInt32() % (uint)limit);

    /// <summary>True once in so many times.</summary>
    internal bool OneIn(int times) => Below(times) == 0;

    internal byte Byte()
    {
        byte value = _drawn.Count < _prefix.Length ? _prefix[_drawn.Count] : (byte)_random.Next(256);
        if (_drawn.Count < MostKept)
        {
            _drawn.Add(value);
        }

        return value;
    }

    internal uint UInt32() => Byte() | ((uint)Byte() << 8) | ((uint)Byte() << 16) | ((uint)Byte() << 24);

    /// <summary>A number of the kind that mistakes are made with.</summary>
    internal ulong Interesting() => Below(8) switch
    {
        0 => 0,
        1 => 1,
        2 => Byte(),
        3 => 1UL << Below(64),
        4 => (1UL << Below(64)) - 1,
        5 => ulong.MaxValue - Byte(),
        6 => UInt32() & 0xffff,
        _ => UInt32() | ((ulong)UInt32() << 32),
    };

    internal T Of<T>(ReadOnlySpan<T> from) => from[Below(from.Length)];

    /// <summary>Bytes that need not be replayed each by its own.</summary>
    internal void Fill(Span<byte> target) => new Random((int)(UInt32() & 0xffff)).NextBytes(target);
}
