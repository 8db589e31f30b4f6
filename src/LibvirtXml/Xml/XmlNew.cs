namespace VirtioFs.LibvirtXml.Xml;

/// <summary>An element that is to be added: names and values only; <see cref="XmlLayout"/> gives it its look.</summary>
internal sealed class XmlNew(string name)
{
    private readonly List<(string Name, string Value)> _attributes = [];
    private readonly List<XmlNew> _children = [];

    public string Name { get; } = name;

    public string? Text { get; private set; }

    public IReadOnlyList<(string Name, string Value)> Attributes => _attributes;

    public IReadOnlyList<XmlNew> Children => _children;

    /// <summary>Adds an attribute, or nothing when there is no value.</summary>
    public XmlNew With(string attribute, string? value)
    {
        if (value is not null)
        {
            _attributes.Add((attribute, value));
        }

        return this;
    }

    public XmlNew With(XmlNew child)
    {
        _children.Add(child);
        return this;
    }

    public XmlNew WithText(string text)
    {
        Text = text;
        return this;
    }
}
