using System.Text;

namespace VirtioFs.LibvirtXml.Xml;

/// <summary>A whole document: what stands before the root, the root, and what follows it.</summary>
internal sealed class XmlDocument(string source, string prologue, XmlElement root, string epilogue)
{
    public XmlElement Root { get; } = root;

    /// <summary>How this document is indented, so that what is added looks like its neighbours.</summary>
    public XmlLayout Layout { get; } = XmlLayout.Of(source, root);

    public (int Line, int Column) PlaceOf(XmlElement element)
    {
        int offset = Math.Max(element.SourceOffset, 0);
        int line = source.AsSpan(0, offset).Count('\n') + 1;
        return (line, offset - (offset == 0 ? -1 : source.LastIndexOf('\n', offset - 1)));
    }

    public override string ToString()
    {
        StringBuilder text = new(source.Length + 256);
        text.Append(prologue);
        Root.AppendTo(text);
        return text.Append(epilogue).ToString();
    }
}
