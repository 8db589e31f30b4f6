using System.Text;

namespace VirtioFs.LibvirtXml.Xml;

/// <summary>An attribute with the blanks before it, the blanks around its equals sign and its quotation mark.</summary>
internal sealed class XmlAttribute(string leading, string name, string equals, char quote, string rawValue)
{
    public string Leading { get; } = leading;

    public string Name { get; } = name;

    public string EqualsSign { get; } = equals;

    public char Quote { get; } = quote;

    public string RawValue { get; private set; } = rawValue;

    public string Value => XmlEscape.DecodeAttribute(RawValue);

    public void SetValue(string value) => RawValue = XmlEscape.EncodeAttribute(value, Quote);

    public void AppendTo(StringBuilder text) =>
        text.Append(Leading).Append(Name).Append(EqualsSign).Append(Quote).Append(RawValue).Append(Quote);
}
