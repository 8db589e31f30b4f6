using VirtioFs.DeviceEngine.Options;

namespace VirtioFs.Cmdlets;

/// <summary>
/// Reads a socket's mode as chmod(1) does: as octal digits, whether they come as text ('0660') or as a number (0660, which
/// PowerShell takes for decimal 660). The parameter gets them as text of four digits.
/// </summary>
public sealed class SocketModeAttribute : OptionArgumentAttribute
{
    private const int OwnerConnects = (int)(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    private const int Most = 0b111_111_111;

    /// <inheritdoc/>
    protected override object? Read(object value)
    {
        int mode = Unwrap(value) is UnixFileMode given ? (int)given : ParseDigits(Text(value));
        return mode is >= 0 and <= Most && (mode & OwnerConnects) == OwnerConnects
            ? ToDigits((UnixFileMode)mode)
            : throw new FormatException("a socket's mode is written as chmod does, in octal digits that let the owner read and write, for example '0660'.");
    }

    internal static string ToDigits(UnixFileMode mode) => OptionText.WriteMode(mode);

    internal static UnixFileMode ToFileMode(string digits) => (UnixFileMode)ParseDigits(digits);

    private static int ParseDigits(string text)
    {
        int value = 0;
        foreach (char digit in text.Trim())
        {
            if (digit is < '0' or > '7' || value > Most)
            {
                return -1;
            }

            value = (value * 8) + (digit - '0');
        }

        return value;
    }
}
