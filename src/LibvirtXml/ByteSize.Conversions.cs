namespace VirtioFs.LibvirtXml;

/// <content>
/// Numbers from and to sizes, so that a size can be reckoned and compared with as with PowerShell's own <c>512MB</c>. PowerShell's
/// <c>-lt</c> and its kind turn the right side into the left one's type; with a number on the left, that is one of these.
/// </content>
public readonly partial record struct ByteSize
{
    /// <summary>Takes a number of bytes for a size.</summary>
    /// <param name="bytes">The number of bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public static implicit operator ByteSize(long bytes) => new(bytes);

    /// <summary>Takes a number of bytes for a size.</summary>
    /// <param name="bytes">The number of bytes.</param>
    /// <exception cref="OverflowException">The number is 8 EiB or more.</exception>
    public static explicit operator ByteSize(ulong bytes) => new(checked((long)bytes));

    /// <summary>Takes a number of bytes for a size; a fraction of a byte is cut off, as of 1.5GB * 0.3.</summary>
    /// <param name="bytes">The number of bytes.</param>
    /// <exception cref="OverflowException">The number is no number, or 8 EiB or more.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public static explicit operator ByteSize(double bytes) => new(checked((long)bytes));

    /// <summary>The number of bytes.</summary>
    /// <param name="size">The size.</param>
    public static explicit operator long(ByteSize size) => size.Bytes;

    /// <summary>The number of bytes.</summary>
    /// <param name="size">The size.</param>
    public static explicit operator ulong(ByteSize size) => (ulong)size.Bytes;

    /// <summary>The number of bytes.</summary>
    /// <param name="size">The size.</param>
    public static explicit operator double(ByteSize size) => size.Bytes;

    /// <summary>The number of bytes.</summary>
    /// <param name="size">The size.</param>
    /// <exception cref="OverflowException">The size is 2 GiB or more.</exception>
    public static explicit operator int(ByteSize size) => checked((int)size.Bytes);

    /// <summary>The number of bytes.</summary>
    /// <param name="size">The size.</param>
    public static explicit operator decimal(ByteSize size) => size.Bytes;

    /// <summary>Adds two sizes.</summary>
    /// <param name="left">The left operand.</param>
    /// <param name="right">The right operand.</param>
    /// <returns>The sum.</returns>
    /// <exception cref="OverflowException">The sum is 8 EiB or more.</exception>
    public static ByteSize operator +(ByteSize left, ByteSize right) => new(checked(left.Bytes + right.Bytes));

    /// <summary>Takes a size from another.</summary>
    /// <param name="left">The left operand.</param>
    /// <param name="right">The right operand.</param>
    /// <returns>The difference.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The difference is negative.</exception>
    public static ByteSize operator -(ByteSize left, ByteSize right) => new(left.Bytes - right.Bytes);

    /// <summary>Takes a size several times.</summary>
    /// <param name="size">The size.</param>
    /// <param name="factor">How many times.</param>
    /// <returns>The product.</returns>
    /// <exception cref="OverflowException">The product is 8 EiB or more.</exception>
    public static ByteSize operator *(ByteSize size, double factor) => (ByteSize)(size.Bytes * factor);

    /// <summary>Tells how many times a size holds another, as <c>$memory / 1GB</c>.</summary>
    /// <param name="left">The size that is divided.</param>
    /// <param name="right">The size that it is divided by.</param>
    /// <returns>The quotient.</returns>
    public static double operator /(ByteSize left, ByteSize right) => (double)left.Bytes / right.Bytes;
}
