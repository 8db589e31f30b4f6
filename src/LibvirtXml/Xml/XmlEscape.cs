using System.Globalization;
using System.Text;
using System.Xml;

namespace VirtioFs.LibvirtXml.Xml;

/// <summary>Entities and characters of XML 1.0, §2.2, §3.3.3 and §4.6. Without a DTD there are the five predefined entities only.</summary>
internal static class XmlEscape
{
    public static string DecodeText(string raw) => Decode(WithLineEnds(raw));

    /// <summary>Line ends as XML 1.0 knows them (§2.11): U+0085, U+2028 and U+2029 are characters like any other.</summary>
    public static string WithLineEnds(string raw) =>
        raw.Contains('\r', StringComparison.Ordinal) ? raw.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n') : raw;

    public static string DecodeAttribute(string raw)
    {
        string normalized = raw.Contains('\r') ? raw.Replace("\r\n", "\n", StringComparison.Ordinal) : raw;
        return Decode(normalized.Replace('\n', ' ').Replace('\r', ' ').Replace('\t', ' '));
    }

    public static string EncodeAttribute(string value, char quote)
    {
        StringBuilder encoded = new(value.Length + 8);
        foreach (char character in RequireXmlCharacters(value))
        {
            _ = character switch
            {
                '&' => encoded.Append("&amp;"),
                '<' => encoded.Append("&lt;"),
                '>' => encoded.Append("&gt;"),
                '\'' when quote == '\'' => encoded.Append("&apos;"),
                '"' when quote == '"' => encoded.Append("&quot;"),
                '\t' => encoded.Append("&#x9;"),
                '\n' => encoded.Append("&#xA;"),
                '\r' => encoded.Append("&#xD;"),
                _ => encoded.Append(character),
            };
        }

        return encoded.ToString();
    }

    public static string EncodeText(string value) =>
        RequireXmlCharacters(value)
            .Replace("&", "&amp;", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal)
            .Replace("\r", "&#xD;", StringComparison.Ordinal);

    private static string RequireXmlCharacters(string value)
    {
        for (int index = 0; index < value.Length; index++)
        {
            bool isPair = index + 1 < value.Length && XmlConvert.IsXmlSurrogatePair(value[index + 1], value[index]);
            if (!isPair && !XmlConvert.IsXmlChar(value[index]))
            {
                throw new DomainRuleException(
                    "InvalidXmlCharacter",
                    $"The value '{value}' has the character U+{(int)value[index]:X4}, which XML cannot carry. Remove it.");
            }

            index += isPair ? 1 : 0;
        }

        return value;
    }

    private static string Decode(string raw)
    {
        int ampersand = raw.IndexOf('&', StringComparison.Ordinal);
        if (ampersand < 0)
        {
            return raw;
        }

        StringBuilder decoded = new(raw.Length);
        int position = 0;
        while (ampersand >= 0)
        {
            int end = raw.IndexOf(';', ampersand);
            decoded.Append(raw, position, ampersand - position).Append(DecodeEntity(raw[(ampersand + 1)..end]));
            position = end + 1;
            ampersand = raw.IndexOf('&', position);
        }

        return decoded.Append(raw, position, raw.Length - position).ToString();
    }

    private static string DecodeEntity(string entity) => entity switch
    {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "apos" => "'",
        "quot" => "\"",
        ['#', 'x', .. string hexadecimal] =>
            char.ConvertFromUtf32(int.Parse(hexadecimal, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)),
        ['#', .. string number] => char.ConvertFromUtf32(int.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture)),
        _ => throw new InvalidOperationException($"The entity '{entity}' passed the check of the XML reader."),
    };
}
