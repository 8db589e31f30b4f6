using System.Text;

namespace VirtioFs.LibvirtXml.Xml;

/// <summary>
/// An element that keeps every character of its tags. What nobody changes is written back as it was read; a change
/// touches the one attribute or child that it names.
/// </summary>
internal sealed class XmlElement(string name, int sourceOffset) : XmlPiece
{
    private readonly List<XmlAttribute> _attributes = [];
    private readonly List<XmlPiece> _content = [];

    public string Name { get; } = name;

    /// <summary>Where the element begins in the text that was read; -1 for one that was made here.</summary>
    public int SourceOffset { get; } = sourceOffset;

    /// <summary>Blanks between the last attribute and the end of the start tag.</summary>
    public string StartTagTail { get; set; } = string.Empty;

    /// <summary>Blanks within the end tag, after the name.</summary>
    public string EndTagTail { get; set; } = string.Empty;

    public bool IsSelfClosing { get; set; }

    public IReadOnlyList<XmlAttribute> Attributes => _attributes;

    public IReadOnlyList<XmlPiece> Content => _content;

    public IEnumerable<XmlElement> Children => _content.OfType<XmlElement>();

    public string Value => string.Concat(_content.OfType<XmlRaw>().Select(raw => raw.Value()));

    /// <summary>libvirt looks for its elements without a namespace (`virXPathNode("./cpu")`).</summary>
    private bool IsInNoNamespace
    {
        get
        {
            for (XmlElement? element = this; element is not null; element = element.Parent)
            {
                if (element.Attribute("xmlns") is string defaultNamespace)
                {
                    return defaultNamespace.Length == 0;
                }
            }

            return true;
        }
    }

    /// <summary>The element and all below it, in the order of the text. The parser bounds the depth.</summary>
    public IEnumerable<XmlElement> SelfAndDescendants()
    {
        Stack<XmlElement> waiting = new([this]);
        while (waiting.TryPop(out XmlElement? element))
        {
            yield return element;
            for (int index = element._content.Count - 1; index >= 0; index--)
            {
                if (element._content[index] is XmlElement child)
                {
                    waiting.Push(child);
                }
            }
        }
    }

    public string? Attribute(string name) => FindAttribute(name)?.Value;

    public XmlElement? Child(string name) => ChildrenNamed(name).FirstOrDefault();

    public IEnumerable<XmlElement> ChildrenNamed(string name) =>
        Children.Where(child => child.Name == name && child.IsInNoNamespace);

    public void AppendAttribute(XmlAttribute attribute) => _attributes.Add(attribute);

    public void AppendContent(XmlPiece piece) => InsertContent(_content.Count, piece);

    public void InsertContent(int index, XmlPiece piece)
    {
        piece.Parent = this;
        _content.Insert(index, piece);
    }

    public int IndexOf(XmlPiece piece) => _content.IndexOf(piece);

    public void RemoveContentAt(int index)
    {
        _content[index].Parent = null;
        _content.RemoveAt(index);
    }

    /// <summary>Sets, adds or (with null) removes an attribute. An attribute that says this already is left as it is.</summary>
    public void SetAttribute(string name, string? value, char preferredQuote)
    {
        XmlAttribute? attribute = FindAttribute(name);
        if (attribute?.Value == value)
        {
            return;
        }

        if (value is null)
        {
            _attributes.Remove(attribute!);
            return;
        }

        if (attribute is null)
        {
            XmlAttribute? neighbour = _attributes.LastOrDefault();
            attribute = new XmlAttribute(neighbour?.Leading ?? " ", name, "=", neighbour?.Quote ?? preferredQuote, string.Empty);
            _attributes.Add(attribute);
        }

        attribute.SetValue(value);
    }

    public override void AppendTo(StringBuilder text)
    {
        text.Append('<').Append(Name);
        foreach (XmlAttribute attribute in _attributes)
        {
            attribute.AppendTo(text);
        }

        text.Append(StartTagTail);
        if (IsSelfClosing)
        {
            text.Append("/>");
            return;
        }

        text.Append('>');
        foreach (XmlPiece piece in _content)
        {
            piece.AppendTo(text);
        }

        text.Append("</").Append(Name).Append(EndTagTail).Append('>');
    }

    public override string ToString()
    {
        StringBuilder text = new();
        AppendTo(text);
        return text.ToString();
    }

    private XmlAttribute? FindAttribute(string name) => _attributes.Find(attribute => attribute.Name == name);
}
