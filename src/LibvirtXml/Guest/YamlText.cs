using System.Globalization;
using System.Text;

namespace VirtioFs.LibvirtXml.Guest;

/// <summary>
/// Strings for YAML, in double quotes (YAML 1.1 §5.7). JSON's are not quite that: what JSON writes as two escaped halves of a
/// character is two broken characters to a reader of YAML.
/// </summary>
internal static class YamlText
{
    public static string Quote(string text)
    {
        StringBuilder quoted = new("\"", text.Length + 2);
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' or '\\' => quoted.Append('\\').Append((char)rune.Value),
                '\n' => quoted.Append(@"\n"),
                '\t' => quoted.Append(@"\t"),
                <= 0xFF when Rune.IsControl(rune) => quoted.Append(CultureInfo.InvariantCulture, $@"\x{rune.Value:X2}"),
                _ when IsRaw(rune) => quoted.Append(rune.ToString()),
                <= 0xFFFF => quoted.Append(CultureInfo.InvariantCulture, $@"\u{rune.Value:X4}"),
                _ => quoted.Append(CultureInfo.InvariantCulture, $@"\U{rune.Value:X8}"),
            };
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>Whether a character may stand as it is (`c-printable`), and ends no line.</summary>
    private static bool IsRaw(Rune rune) =>
        rune.Value is not (0xFEFF or 0xFFFE or 0xFFFF or 0x2028 or 0x2029);
}
