using System.Text;
using System.Text.RegularExpressions;

namespace VirtioFs.LibvirtXml;

/// <summary>A domain in a file: byte order mark and encoding are kept, so an unchanged domain is written back byte for byte.</summary>
public sealed partial class DomainFile
{
    private readonly Encoding _encoding;
    private readonly byte[] _preamble;

    private DomainFile(string path, Domain domain, Encoding encoding, byte[] preamble)
    {
        Path = path;
        Domain = domain;
        _encoding = encoding;
        _preamble = preamble;
    }

    /// <summary>The file's absolute path.</summary>
    public string Path { get; }

    /// <summary>The domain; change it and then <see cref="Save"/>.</summary>
    public Domain Domain { get; }

    /// <summary>Reads a domain from a file.</summary>
    /// <param name="path">The file's path.</param>
    /// <returns>The file with its domain.</returns>
    /// <exception cref="DomainXmlException">The content is not well-formed XML, is in an unknown encoding, or is not a domain.</exception>
    /// <exception cref="IOException">The file is not there or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no permission to read the file.</exception>
    public static DomainFile Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string fullPath = System.IO.Path.GetFullPath(path);
        byte[] bytes = File.ReadAllBytes(fullPath);
        (Encoding encoding, int preambleLength) = Detect(bytes, fullPath);
        string text;
        try
        {
            text = encoding.GetString(bytes.AsSpan(preambleLength));
        }
        catch (DecoderFallbackException exception)
        {
            throw new DomainXmlException(
                "InvalidEncoding",
                $"The file '{fullPath}' has bytes that are not {encoding.WebName}, the first near byte {preambleLength + exception.Index}. Save it in " +
                "UTF-8, or correct the encoding in its XML declaration.",
                0,
                0,
                exception);
        }

        return new DomainFile(fullPath, Domain.Parse(text), encoding, bytes[..preambleLength]);
    }

    /// <summary>
    /// Writes the domain back: into a new file first, which then takes the old one's place, so nobody ever sees half of it. Mode and
    /// owner are kept.
    /// </summary>
    /// <exception cref="IOException">The file cannot be written; the old one is as it was.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no permission to write; the old file is as it was.</exception>
    public void Save() => AtomicFile.Write(Path, [.. _preamble, .. _encoding.GetBytes(Domain.Xml)]);

    /// <summary>Writes a domain to a new file, or in the place of one, in the encoding that its XML declaration names; else in UTF-8.</summary>
    /// <param name="path">The file's path.</param>
    /// <param name="domain">The domain.</param>
    /// <exception cref="DomainXmlException">The XML declaration names an encoding that is not known.</exception>
    /// <exception cref="IOException">The file cannot be written; an old one is as it was.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no permission to write; an old file is as it was.</exception>
    public static void Write(string path, Domain domain)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(domain);
        Encoding encoding = Strict(Declared(Encoding.Latin1.GetBytes(domain.Xml[..Math.Min(domain.Xml.Length, 256)]), path));
        AtomicFile.Write(System.IO.Path.GetFullPath(path), [.. encoding.GetPreamble(), .. encoding.GetBytes(domain.Xml)]);
    }

    private static (Encoding Encoding, int PreambleLength) Detect(byte[] bytes, string path) => bytes switch
    {
        [0xEF, 0xBB, 0xBF, ..] => (Strict(new UTF8Encoding(false)), 3),
        [0xFF, 0xFE, 0, 0, ..] => (Strict(new UTF32Encoding(false, false)), 4),
        [0, 0, 0xFE, 0xFF, ..] => (Strict(new UTF32Encoding(true, false)), 4),
        [0xFF, 0xFE, ..] => (Strict(new UnicodeEncoding(false, false)), 2),
        [0xFE, 0xFF, ..] => (Strict(new UnicodeEncoding(true, false)), 2),
        [(byte)'<', 0, ..] => (Strict(new UnicodeEncoding(false, false)), 0),
        [0, (byte)'<', ..] => (Strict(new UnicodeEncoding(true, false)), 0),
        _ => (Strict(Declared(bytes, path)), 0),
    };

    private static Encoding Declared(byte[] bytes, string path)
    {
        string start = Encoding.Latin1.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, 256)));
        Match declaration = EncodingDeclaration().Match(start);
        if (!declaration.Success)
        {
            return new UTF8Encoding(false);
        }

        string name = declaration.Groups[1].Value;
        try
        {
            return name.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
                ? new UTF8Encoding(false)
                : CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
        }
        catch (ArgumentException exception)
        {
            throw new DomainXmlException(
                "InvalidEncoding",
                $"The XML declaration of the file '{path}' names the encoding '{name}', which is not known. Save the file in UTF-8 and name that.",
                1,
                1,
                exception);
        }
    }

    /// <summary>Wrong bytes are an error; characters that the encoding lacks are written as references, which mean the same in XML.</summary>
    private static Encoding Strict(Encoding encoding)
    {
        Encoding strict = (Encoding)encoding.Clone();
        strict.DecoderFallback = DecoderFallback.ExceptionFallback;
        strict.EncoderFallback = new Xml.CharacterReferenceFallback();
        return strict;
    }

    [GeneratedRegex(@"\A<\?xml[^>]*?\sencoding\s*=\s*[""']([A-Za-z][A-Za-z0-9._-]*)[""']")]
    private static partial Regex EncodingDeclaration();
}
