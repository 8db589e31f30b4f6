using System.Text;

namespace VirtioFs.LibvirtXml.Xml;

/// <summary>Text, a comment, CDATA or a processing instruction: kept as it was written.</summary>
internal sealed class XmlRaw(string source) : XmlPiece
{
    public string Source { get; set; } = source;

    /// <summary>Character data, in contrast to a comment, CDATA or a processing instruction.</summary>
    public bool IsText => !Source.StartsWith('<');

    public bool IsComment => Source.StartsWith("<!--", StringComparison.Ordinal);

    public bool IsWhitespace => IsText && string.IsNullOrWhiteSpace(Source);

    public override void AppendTo(StringBuilder text) => text.Append(Source);

    /// <summary>What the piece contributes to the text of the element around it.</summary>
    public string Value()
    {
        const string CDataStart = "<![CDATA[";
        if (IsText)
        {
            return XmlEscape.DecodeText(Source);
        }

        return Source.StartsWith(CDataStart, StringComparison.Ordinal)
            ? XmlEscape.WithLineEnds(Source[CDataStart.Length..^"]]>".Length])
            : string.Empty;
    }
}
