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

    /// <summary>
    /// The path that the kernel knows a descriptor of this process by (<c>proc(5)</c>, <c>/proc/pid/fd</c>), with <c> (deleted)</c> behind
    /// it when the file has no name any more. Touches no file system but <c>/proc</c>. Null when it cannot be read.
    /// </summary>
    public static string? ReadPath(int descriptor)
    {
        try
        {
            return new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
