using System.Globalization;
using System.Management.Automation;

namespace VirtioFs.Cmdlets;

/// <summary>
/// Reads a socket's mode as chmod(1) does: as octal digits, whether they come as text ('0660') or as a number (0660, which
/// PowerShell takes for decimal 660). The parameter gets them as text of four digits.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class SocketModeAttribute : ArgumentTransformationAttribute
{
    private const int OwnerConnects = (int)(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    private const int Most = 0b111_111_111;

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? input = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (input is null)
        {
            return null;
        }

        int mode = input is UnixFileMode given ? (int)given : ParseDigits(Convert.ToString(input, CultureInfo.InvariantCulture)!);
        if (mode is < 0 or > Most || (mode & OwnerConnects) != OwnerConnects)
        {
            throw new ArgumentTransformationMetadataException(
                $"'{input}' is no mode for a socket. Write it as chmod does, in octal digits that let the owner read and write, for example '0660'.");
        }

        return ToDigits((UnixFileMode)mode);
    }

    internal static string ToDigits(UnixFileMode mode) => "0" + Convert.ToString((int)mode, 8);

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
