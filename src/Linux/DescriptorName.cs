namespace VirtioFs.Linux;

/// <summary>A descriptor's number as text: its name in <c>/proc/self/fd</c>.</summary>
public static unsafe class DescriptorName
{
    /// <summary>The most bytes that <see cref="Write"/> puts down: ten digits and a NUL.</summary>
    public const int MaximumLength = 11;

    /// <summary>Writes the number in decimal digits with a NUL behind it.</summary>
    public static void Write(int descriptor, byte* target)
    {
        uint value = (uint)descriptor;
        int digits = 1;
        for (uint rest = value / 10; rest != 0; rest /= 10)
        {
            digits++;
        }

        target[digits] = 0;
        for (int i = digits - 1; i >= 0; i--)
        {
            target[i] = (byte)('0' + (value % 10));
            value /= 10;
        }
    }
}
