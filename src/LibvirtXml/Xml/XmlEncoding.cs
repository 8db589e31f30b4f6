using System.Text;
using System.Text.RegularExpressions;

namespace VirtioFs.LibvirtXml.Xml;

/// <summary>How a document lies in a file: its byte order mark and its encoding.</summary>
internal sealed partial class XmlEncoding
{
    private const int DeclarationLength = 256;

    /// <summary>
    /// Encodings of more than one byte that carry no state from one character to the next, so that each text has one form alone.
    /// UTF-7 and the ISO 2022 family write the same text in several ways.
    /// </summary>
    private static readonly string[] Multibyte =
        ["utf-8", "shift_jis", "euc-jp", "euc-kr", "gb2312", "gb18030", "big5", "ks_c_5601-1987", "utf-16", "utf-16be", "utf-32", "utf-32be"];

    private readonly Encoding _encoding;
    private readonly byte[] _mark;

    private XmlEncoding(Encoding encoding, byte[] mark)
    {
        _encoding = Strict(encoding);
        _mark = mark;
    }

    /// <summary>The encoding of a file: by its byte order mark, its first bytes, or its XML declaration.</summary>
    public static XmlEncoding Of(byte[] bytes, string path) => bytes switch
    {
        [0xEF, 0xBB, 0xBF, ..] => new(new UTF8Encoding(false), bytes[..3]),
        [0xFF, 0xFE, 0, 0, ..] => new(new UTF32Encoding(false, false), bytes[..4]),
        [0, 0, 0xFE, 0xFF, ..] => new(new UTF32Encoding(true, false), bytes[..4]),
        [0xFF, 0xFE, ..] => new(new UnicodeEncoding(false, false), bytes[..2]),
        [0xFE, 0xFF, ..] => new(new UnicodeEncoding(true, false), bytes[..2]),
        [(byte)'<', 0, ..] => new(new UnicodeEncoding(false, false), []),
        [0, (byte)'<', ..] => new(new UnicodeEncoding(true, false), []),
        _ => new(DeclaredInBytes(bytes, path), []),
    };

    /// <summary>The encoding that a text's XML declaration names, with the byte order mark that it needs; else UTF-8.</summary>
    public static XmlEncoding OfText(string xml, string path)
    {
        string? name = NameIn(xml[..Math.Min(xml.Length, DeclarationLength)]);
        Encoding encoding = name is null ? new UTF8Encoding(false) : Find(name, path);
        return new(encoding, encoding is UTF8Encoding ? [] : encoding.GetPreamble());
    }

    /// <summary>A text without an XML declaration of another encoding than UTF-8, for a reader that is handed UTF-8 and would believe the declaration.</summary>
    public static string WithoutDeclaration(string xml) =>
        NameIn(xml[..Math.Min(xml.Length, DeclarationLength)]) is string name && !name.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            ? xml[(xml.IndexOf("?>", StringComparison.Ordinal) + 2)..]
            : xml;

    /// <summary>The text, from which <see cref="Encode"/> makes the same bytes again.</summary>
    public string Decode(byte[] bytes, string path)
    {
        ReadOnlySpan<byte> content = bytes.AsSpan(_mark.Length);
        try
        {
            string text = _encoding.GetString(content);
            if (_encoding is UTF8Encoding || _encoding.GetBytes(text).AsSpan().SequenceEqual(content))
            {
                return text;
            }
        }
        catch (DecoderFallbackException exception)
        {
            throw WrongBytes(path, $", the first near byte {_mark.Length + Math.Max(exception.Index, 0)}", exception);
        }

        throw WrongBytes(path, string.Empty, null);
    }

    public byte[] Encode(string xml) => [.. _mark, .. _encoding.GetBytes(xml)];

    private static Encoding DeclaredInBytes(byte[] bytes, string path)
    {
        byte[] start = bytes[..Math.Min(bytes.Length, DeclarationLength)];
        if (NameIn(Encoding.Latin1.GetString(start)) is not string name)
        {
            return new UTF8Encoding(false);
        }

        // The declaration was read as ASCII; an encoding in which it would read otherwise is not the file's.
        Encoding encoding = Find(name, path);
        byte[] declaration = start[..(Array.IndexOf(start, (byte)'>') + 1)];
        return encoding.GetString(declaration) == Encoding.Latin1.GetString(declaration)
            ? encoding
            : throw Unknown(path, name, "which its bytes are not in", null);
    }

    private static string? NameIn(string start) => EncodingDeclaration().Match(start) is { Success: true } found ? found.Groups[1].Value : null;

    private static Encoding Find(string name, string path)
    {
        Encoding encoding;
        try
        {
            encoding = CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            throw Unknown(path, name, "which is not known", exception);
        }

        return encoding is UTF8Encoding ? new UTF8Encoding(false)
            : encoding.IsSingleByte || Multibyte.Contains(encoding.WebName, StringComparer.OrdinalIgnoreCase) ? encoding
            : throw Unknown(path, name, "in which a text has more than one form", null);
    }

    private static DomainXmlException Unknown(string path, string name, string why, Exception? cause) => new(
        "InvalidEncoding",
        $"The XML declaration of the file '{path}' names the encoding '{name}', {why}. Save the file in UTF-8 and name that.",
        1,
        1,
        cause);

    private DomainXmlException WrongBytes(string path, string where, Exception? cause) => new(
        "InvalidEncoding",
        $"The file '{path}' has bytes that are not {_encoding.WebName}{where}. Save it in UTF-8, or correct the encoding in its XML declaration.",
        0,
        0,
        cause);

    /// <summary>Wrong bytes are an error; characters that the encoding lacks are written as references, which mean the same in XML.</summary>
    private static Encoding Strict(Encoding encoding)
    {
        Encoding strict = (Encoding)encoding.Clone();
        strict.DecoderFallback = DecoderFallback.ExceptionFallback;
        strict.EncoderFallback = new CharacterReferenceFallback();
        return strict;
    }

    [GeneratedRegex(@"\A<\?xml[^>]*?\sencoding\s*=\s*[""']([^""']*)[""']")]
    private static partial Regex EncodingDeclaration();
}
