namespace VirtioFs.LibvirtXml.Xml;

/// <summary>A piece of a document that knows its own text, character for character.</summary>
internal abstract class XmlPiece
{
    public XmlElement? Parent { get; set; }

    public abstract void AppendTo(System.Text.StringBuilder text);
}
