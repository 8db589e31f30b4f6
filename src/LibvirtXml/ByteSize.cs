using System.Globalization;

namespace VirtioFs.LibvirtXml;

/// <summary>
/// A number of bytes. People write <c>2M</c>, <c>1G</c>, <c>512MiB</c> or <c>2048</c>; every unit is a power of 1024, as in
/// PowerShell's own <c>512MB</c>. libvirt's XML has units of its own, see <see cref="FromLibvirt"/>.
/// </summary>
public readonly partial record struct ByteSize : IComparable<ByteSize>, IComparable, ISpanParsable<ByteSize>
{
    private static readonly string[] UnitLetters = ["", "K", "M", "G", "T", "P", "E"];

    /// <summary>Makes a size.</summary>
    /// <param name="bytes">The number of bytes, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public ByteSize(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Bytes = bytes;
    }

    /// <summary>The size in bytes.</summary>
    public long Bytes { get; }

    /// <summary>Compares the numbers of bytes.</summary>
    /// <param name="left">The left operand.</param>
    /// <param name="right">The right operand.</param>
    /// <returns>Whether the left is less.</returns>
    public static bool operator <(ByteSize left, ByteSize right) => left.Bytes < right.Bytes;

    /// <summary>Compares the numbers of bytes.</summary>
    /// <param name="left">The left operand.</param>
    /// <param name="right">The right operand.</param>
    /// <returns>Whether the left is greater.</returns>
    public static bool operator >(ByteSize left, ByteSize right) => left.Bytes > right.Bytes;

    /// <summary>Compares the numbers of bytes.</summary>
    /// <param name="left">The left operand.</param>
    /// <param name="right">The right operand.</param>
    /// <returns>Whether the left is less or equal.</returns>
    public static bool operator <=(ByteSize left, ByteSize right) => left.Bytes <= right.Bytes;

    /// <summary>Compares the numbers of bytes.</summary>
    /// <param name="left">The left operand.</param>
    /// <param name="right">The right operand.</param>
    /// <returns>Whether the left is greater or equal.</returns>
    public static bool operator >=(ByteSize left, ByteSize right) => left.Bytes >= right.Bytes;

    /// <summary>Reads a size as people write it: a number, then perhaps a unit such as <c>K</c>, <c>MB</c> or <c>GiB</c>.</summary>
    /// <param name="text">The text; case does not matter, and a blank may stand before the unit.</param>
    /// <returns>The size.</returns>
    /// <exception cref="FormatException">The text is not a size, or one of 8 EiB or more.</exception>
    public static ByteSize Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Parse(text.AsSpan(), CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public static ByteSize Parse(string s, IFormatProvider? provider) => Parse(s);

    /// <inheritdoc/>
    public static ByteSize Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => TryParse(s, provider, out ByteSize size)
        ? size
        : throw new FormatException(
            $"'{s}' is not a size. Write a whole number, and after it a unit if it is not bytes: 2048, 512K, 2M, 1G or 512MiB.");

    /// <summary>Reads a size as people write it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="size">The size, when there is one.</param>
    /// <returns>Whether the text is a size.</returns>
    public static bool TryParse(string? text, out ByteSize size) => TryParse(text.AsSpan(), CultureInfo.InvariantCulture, out size);

    /// <inheritdoc/>
    public static bool TryParse(string? s, IFormatProvider? provider, out ByteSize result) => TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out ByteSize result)
    {
        result = default;
        ReadOnlySpan<char> text = s.Trim();
        int digits = text.IndexOfAnyExceptInRange('0', '9');
        ReadOnlySpan<char> number = digits < 0 ? text : text[..digits];
        ReadOnlySpan<char> unit = digits < 0 ? [] : text[digits..].TrimStart();
        if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long count) || !TryGetShift(unit, out int shift))
        {
            return false;
        }

        if (count > long.MaxValue >> shift)
        {
            return false;
        }

        result = new ByteSize(count << shift);
        return true;
    }

    /// <summary>
    /// Reads a number with libvirt's unit (`virScaleInteger`): K, KiB, M, MiB and so on are powers of 1024; KB, MB and so on are
    /// powers of 1000; b, byte and bytes are 1.
    /// </summary>
    /// <param name="value">The number.</param>
    /// <param name="unit">The unit; null or empty for <c>KiB</c>, libvirt's default for memory.</param>
    /// <returns>The size, or null when the number or the unit is none that libvirt knows.</returns>
    public static ByteSize? FromLibvirt(string? value, string? unit)
    {
        if (!decimal.TryParse(value?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out decimal number)
            || ScaleOfLibvirtUnit(string.IsNullOrEmpty(unit) ? "KiB" : unit) is not decimal scale)
        {
            return null;
        }

        return scale == 0 || number > long.MaxValue / scale ? null : new ByteSize((long)(number * scale));
    }

    /// <inheritdoc/>
    public int CompareTo(ByteSize other) => Bytes.CompareTo(other.Bytes);

    /// <summary>Compares with a size, a number of bytes or a text such as <c>600M</c>; null is less than every size.</summary>
    /// <param name="obj">What to compare with.</param>
    /// <returns>Less than, equal to or greater than 0.</returns>
    /// <exception cref="ArgumentException">It is no size.</exception>
    public int CompareTo(object? obj) => obj switch
    {
        null => 1,
        ByteSize size => CompareTo(size),
        string text => CompareTo(Parse(text)),
        IConvertible number => decimal.Compare(Bytes, number.ToDecimal(CultureInfo.InvariantCulture)),
        _ => throw new ArgumentException($"'{obj}' is not a size. Compare with a number of bytes, or with a text such as 600M.", nameof(obj)),
    };

    /// <summary>The size in the largest unit that it is a whole number of: <c>2M</c>, <c>1G</c>, <c>2049</c>.</summary>
    /// <returns>The text, which <see cref="Parse(string)"/> reads back.</returns>
    public override string ToString()
    {
        (long value, string letter) = Scale();
        return string.Create(CultureInfo.InvariantCulture, $"{value}{letter}");
    }

    /// <summary>The size in the largest unit that it is a whole number of.</summary>
    /// <returns>The number, and the letter of its unit; empty for bytes.</returns>
    internal (long Value, string UnitLetter) Scale()
    {
        int step = Bytes == 0 ? 0 : Math.Min(long.TrailingZeroCount(Bytes) is var zeros ? (int)zeros / 10 : 0, UnitLetters.Length - 1);
        return (Bytes >> (10 * step), UnitLetters[step]);
    }

    private static bool TryGetShift(ReadOnlySpan<char> unit, out int shift)
    {
        shift = 0;
        if (unit.IsEmpty || unit.Equals("b", StringComparison.OrdinalIgnoreCase)
            || unit.Equals("byte", StringComparison.OrdinalIgnoreCase) || unit.Equals("bytes", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        int step = "KMGTPE".IndexOf(char.ToUpperInvariant(unit[0]), StringComparison.Ordinal) + 1;
        ReadOnlySpan<char> rest = unit[1..];
        shift = 10 * step;
        return step > 0 && (rest.IsEmpty || rest.Equals("b", StringComparison.OrdinalIgnoreCase) || rest.Equals("ib", StringComparison.OrdinalIgnoreCase));
    }

    private static decimal? ScaleOfLibvirtUnit(string unit)
    {
        string upper = unit.ToUpperInvariant();
        if (upper is "B" or "BYTE" or "BYTES")
        {
            return 1;
        }

        int step = "KMGTPE".IndexOf(upper[0], StringComparison.Ordinal) + 1;
        decimal? factor = upper[1..] switch
        {
            "" or "IB" => 1024,
            "B" => 1000,
            _ => null,
        };

        if (step == 0 || factor is null)
        {
            return null;
        }

        decimal scale = 1;
        for (int power = 0; power < step; power++)
        {
            scale *= factor.Value;
        }

        return scale;
    }
}
