using System.Globalization;

namespace VirtioFs.LibvirtXml.Xml;

/// <summary>Numbers as libvirt reads them with base 0 (`virXMLPropUInt`): hexadecimal after 0x, octal after 0, else decimal.</summary>
internal static class XmlNumber
{
    public static long? ReadAnyBase(string text, long maximum)
    {
        string trimmed = text.Trim();
        long number;
        if (trimmed.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            return long.TryParse(trimmed.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
                && number >= 0 && number <= maximum ? number : null;
        }

        if (trimmed is ['0', _, ..])
        {
            return ReadOctal(trimmed) is long octal && octal <= maximum ? octal : null;
        }

        return long.TryParse(trimmed, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= maximum ? number : null;
    }

    private static long? ReadOctal(string digits)
    {
        long number = 0;
        foreach (char digit in digits)
        {
            if (digit is < '0' or > '7' || number > long.MaxValue >> 3)
            {
                return null;
            }

            number = (number << 3) | (long)(digit - '0');
        }

        return number;
    }
}
