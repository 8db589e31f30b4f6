namespace VirtioFs.Fuse.Operations;

/// <summary>
/// A name from the guest that has been admitted: one component, of 1 to 255 bytes, neither <c>.</c> nor <c>..</c>, with no
/// slash and no NUL in it. There is no other way to make one, so no call that takes a name can be reached by a bad one.
/// </summary>
public readonly unsafe ref struct FileName
{
    /// <summary>The longest name in bytes (<c>NAME_MAX</c>, <c>linux/limits.h</c>).</summary>
    public const int MaximumLength = 255;

    private FileName(byte* bytes, int length)
    {
        Bytes = bytes;
        Length = length;
    }

    /// <summary>The bytes, NUL-terminated, out of the guest's reach.</summary>
    public byte* Bytes { get; }

    /// <summary>Bytes without the NUL.</summary>
    public int Length { get; }

    /// <summary>Admits a name, or answers why not.</summary>
    /// <param name="bytes">A copy of the guest's bytes, NUL-terminated at <paramref name="length"/>, which outlives the name.</param>
    /// <param name="length">Bytes without the NUL.</param>
    /// <param name="name">The name.</param>
    /// <returns>Zero; EINVAL for a name that no directory entry can have; ENAMETOOLONG over 255 bytes.</returns>
    public static int Admit(byte* bytes, int length, out FileName name)
    {
        name = default;
        if (length > MaximumLength)
        {
            return -Linux.Errno.ENAMETOOLONG;
        }

        ReadOnlySpan<byte> text = new(bytes, Math.Max(length, 0));
        if (text.IsEmpty || text.ContainsAny((byte)'/', (byte)0) || text.SequenceEqual("."u8) || text.SequenceEqual(".."u8))
        {
            return -Linux.Errno.EINVAL;
        }

        name = new FileName(bytes, length);
        return 0;
    }
}
