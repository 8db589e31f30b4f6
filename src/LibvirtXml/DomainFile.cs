using System.Globalization;
using System.Text;
using VirtioFs.LibvirtXml.Files;
using VirtioFs.LibvirtXml.Xml;

namespace VirtioFs.LibvirtXml;

/// <summary>A domain in a file: byte order mark and encoding are kept, so an unchanged domain is written back byte for byte.</summary>
public sealed class DomainFile
{
    /// <summary>More bytes than the most characters of a domain have in any encoding.</summary>
    private const int MaximumBytes = 4 * XmlParser.MaxCharacters;

    private const string Extension = ".xml";

    /// <summary>The longest file name (`NAME_MAX`).</summary>
    private const int MaximumNameBytes = 255;

    private readonly XmlEncoding _encoding;
    private FileStamp _stamp;

    private DomainFile(string path, Domain domain, XmlEncoding encoding, FileStamp stamp)
    {
        Path = path;
        Domain = domain;
        _encoding = encoding;
        _stamp = stamp;
    }

    /// <summary>The file's absolute path.</summary>
    public string Path { get; }

    /// <summary>The domain; change it and then <see cref="Save"/>.</summary>
    public Domain Domain { get; }

    /// <summary>Reads a domain from a file.</summary>
    /// <param name="path">The file's path.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The file with its domain.</returns>
    /// <exception cref="DomainXmlException">The content is not well-formed XML, is in an encoding that is not accepted, or is not a domain.</exception>
    /// <exception cref="IOException">The file is not there, is no regular file, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no permission to read the file.</exception>
    public static DomainFile Load(string path, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string fullPath = System.IO.Path.GetFullPath(path);
        ReadFile file = ReadFile.Of(fullPath, MaximumBytes);
        XmlEncoding encoding = XmlEncoding.Of(file.Content, fullPath);
        return new DomainFile(fullPath, Domain.Parse(encoding.Decode(file.Content, fullPath), cancellationToken), encoding, file.Stamp);
    }

    /// <summary>
    /// Writes the domain back: into a new file first, which then takes the old one's place, so nobody ever sees half of it. Owner,
    /// permission, access list, extended attributes and security label are kept.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait for another process that is replacing the file.</param>
    /// <returns>What to know about it.</returns>
    /// <exception cref="DomainRuleException">The file was changed by somebody else since it was read; it is as it was.</exception>
    /// <exception cref="IOException">The file cannot be written; the old one is as it was.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no permission to write; the old file is as it was.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the file is as it was.</exception>
    public IReadOnlyList<Advice> Save(CancellationToken cancellationToken = default) => Put(Domain.Xml, cancellationToken);

    /// <summary>Writes back what the domain was when it was read, passwords included: takes a <see cref="Save"/> back.</summary>
    /// <exception cref="DomainRuleException">The file was changed by somebody else since it was written; it is as it was.</exception>
    /// <exception cref="IOException">The file cannot be written; it is as it was.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no permission to write; the file is as it was.</exception>
    public void Restore() => Put(Domain.OriginalXml, CancellationToken.None);

    /// <summary>
    /// Writes a domain to a new file, or in the place of one, in the encoding that its XML declaration names; else in UTF-8. Passwords
    /// are left out (<see cref="Domain.PublicXml"/>) unless they are asked for; then nobody but the caller may open the file.
    /// </summary>
    /// <param name="path">The file's path.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="includeSecrets">Whether passwords are written.</param>
    /// <param name="mayReplace">Whether a file that is there may be replaced.</param>
    /// <param name="cancellationToken">Ends the wait for another process that is replacing the file.</param>
    /// <returns>What to know about it.</returns>
    /// <exception cref="DomainXmlException">The XML declaration names an encoding that is not accepted.</exception>
    /// <exception cref="DomainRuleException">A file is there that must not be replaced, or the domain was read without its passwords.</exception>
    /// <exception cref="IOException">The file cannot be written; an old one is as it was.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no permission to write; an old file is as it was.</exception>
    public static IReadOnlyList<Advice> Write(
        string path, Domain domain, bool includeSecrets = false, bool mayReplace = true, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(domain);
        if (includeSecrets)
        {
            domain.RequireSecrets();
        }

        string xml = includeSecrets ? domain.Xml : domain.PublicXml;
        bool isSecret = includeSecrets && domain.HasSecrets;
        byte[] content = XmlEncoding.OfText(xml, path).Encode(xml);
        WrittenFile written = FileReplacement.Write(
            System.IO.Path.GetFullPath(path), content, isSecret ? FileRights.Private : FileRights.Kept, mayReplace, cancellationToken: cancellationToken);
        return domain.HasSecrets && !includeSecrets ? [LeftOut(path, domain), .. written.Warnings] : written.Warnings;
    }

    /// <summary>
    /// The name of a domain's file in a folder: the domain's own name and <c>.xml</c>, with what would lead out of the folder, hide the
    /// file or garble a terminal written as <c>%</c> and two hexadecimal digits for each byte. No two names become one.
    /// </summary>
    /// <param name="domain">The domain.</param>
    /// <returns>The file name.</returns>
    /// <exception cref="DomainRuleException">The domain has no name, or too long a one.</exception>
    public static string NameFor(Domain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        string name = domain.Name is { Length: > 0 } given
            ? given
            : throw new DomainRuleException("DomainNameMissing", "The domain has no name by which its file could be called. Name a file and not a folder.");
        StringBuilder escaped = new(name.Length + Extension.Length);
        foreach (Rune rune in name.EnumerateRunes())
        {
            bool isPlain = rune.Value is not ('/' or '%') && !IsInvisible(rune) && !(rune.Value == '.' && escaped.Length == 0);
            _ = isPlain ? escaped.Append(rune.ToString()) : escaped.AppendJoin(string.Empty, Encoding.UTF8.GetBytes(rune.ToString()).Select(value => Uri.HexEscape((char)value)));
        }

        string fileName = escaped.Append(Extension).ToString();
        return Encoding.UTF8.GetByteCount(fileName) <= MaximumNameBytes
            ? fileName
            : throw new DomainRuleException("DomainNameTooLong", $"The name of the domain '{domain}' is too long for a file's. Name a file and not a folder.");
    }

    /// <summary>Whether a character ends a line, moves the cursor or turns the text around, in place of showing itself.</summary>
    private static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private IReadOnlyList<Advice> Put(string xml, CancellationToken cancellationToken)
    {
        WrittenFile written = FileReplacement.Write(Path, _encoding.Encode(xml), expected: _stamp, cancellationToken: cancellationToken);
        _stamp = written.Stamp;
        return written.Warnings;
    }

    private static Advice LeftOut(string path, Domain domain) => new(
        "SecretsLeftOut",
        $"The passwords of the domain '{domain}' were left out of '{path}', where '{DomainSecrets.Mask}' stands in their place. Export it with " +
        "-IncludeSecret if the file is to restore the domain.");
}
