using VirtioFs.LibvirtXml.Xml;

namespace VirtioFs.LibvirtXml;

/// <summary>
/// What is secret in a domain's XML: what libvirt itself shows with `VIR_DOMAIN_XML_SECURE` only (`passwd` of graphics), and the
/// cookies with which network disks are read.
/// </summary>
internal static class DomainSecrets
{
    /// <summary>Stands in the place of a secret. An attribute that is simply missing would make a screen without a password.</summary>
    public const string Mask = "*****";

    private static readonly string[] Attributes = ["passwd", "password"];

    public static bool Has(XmlElement root) => root.SelfAndDescendants().Any(element => Of(element).Any(secret => secret != Mask));

    public static bool AreHidden(XmlElement root) => root.SelfAndDescendants().Any(element => Of(element).Contains(Mask));

    /// <summary>The XML with each secret masked, and else unchanged.</summary>
    public static string Hide(string xml)
    {
        XmlDocument document = DomainXml.Parse(xml);
        if (!Has(document.Root))
        {
            return xml;
        }

        foreach (XmlElement element in document.Root.SelfAndDescendants())
        {
            foreach (string name in Attributes.Where(name => element.Attribute(name) is not null))
            {
                document.Layout.SetAttribute(element, name, Mask);
            }

            if (IsCookie(element))
            {
                XmlLayout.SetText(element, Mask);
            }
        }

        return document.ToString();
    }

    private static IEnumerable<string> Of(XmlElement element) =>
        [.. Attributes.Select(element.Attribute).OfType<string>(), .. IsCookie(element) ? [element.Value] : Array.Empty<string>()];

    private static bool IsCookie(XmlElement element) => element.Name == "cookie" && element.Parent?.Name == "cookies";
}
