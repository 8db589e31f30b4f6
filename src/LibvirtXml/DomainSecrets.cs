using VirtioFs.LibvirtXml.Xml;

namespace VirtioFs.LibvirtXml;

/// <summary>
/// What is secret in a domain's XML: what libvirt itself shows with `VIR_DOMAIN_XML_SECURE` only (`passwd` of graphics), the cookies with
/// which network disks are read, and what libvirt passes on and never hides: words and variables of qemu:commandline, systemd's
/// credentials, and metadata whose name says so.
/// </summary>
internal static class DomainSecrets
{
    /// <summary>Stands in the place of a secret. An attribute that is simply missing would make a screen without a password.</summary>
    public const string Mask = "*****";

    private static readonly string[] Attributes = ["passwd", "password"];

    public static bool Has(XmlElement root) => Places(root).Any(place => place.Hidden != place.Text);

    public static bool AreHidden(XmlElement root) => Places(root).Any(place => place.IsMasked);

    /// <summary>The XML with each secret masked, and else unchanged.</summary>
    public static string Hide(string xml)
    {
        XmlDocument document = DomainXml.Parse(xml);
        SecretPlace[] secrets = [.. Places(document.Root).Where(place => place.Hidden != place.Text)];
        if (secrets.Length == 0)
        {
            return xml;
        }

        foreach (SecretPlace place in secrets)
        {
            if (place.Attribute is string name)
            {
                document.Layout.SetAttribute(place.Element, name, place.Hidden);
            }
            else
            {
                XmlLayout.SetText(place.Element, place.Hidden);
            }
        }

        return document.ToString();
    }

    private static IEnumerable<SecretPlace> Places(XmlElement root) => root.SelfAndDescendants().SelectMany(Of);

    private static IEnumerable<SecretPlace> Of(XmlElement element)
    {
        foreach (string name in Attributes)
        {
            if (element.Attribute(name) is string value)
            {
                yield return SecretPlace.Whole(element, name, value);
            }
        }

        string local = LocalName(element.Name);
        string? parent = element.Parent is XmlElement above ? LocalName(above.Name) : null;
        SecretPlace? place = (parent, local) switch
        {
            ("commandline", "arg") when element.Attribute("value") is string word => SecretPlace.Within(element, "value", word),
            ("commandline", "env") when element.Attribute("value") is string value && SecretText.IsSecretName(element.Attribute("name") ?? string.Empty) =>
                SecretPlace.Whole(element, "value", value),
            ("cookies", "cookie") => SecretPlace.Whole(element, null, element.Value),
            ("oemStrings", "entry") => SecretPlace.Within(element, null, element.Value),
            ("sysinfo", "entry") when element.Attribute("name")?.StartsWith("opt/io.systemd.credentials/", StringComparison.Ordinal) ?? false =>
                SecretPlace.Whole(element, null, element.Value),
            _ when SecretText.IsSecretName(local) && !element.Children.Any() && IsMetadata(element) => SecretPlace.Whole(element, null, element.Value),
            _ => null,
        };
        if (place is not null)
        {
            yield return place;
        }
    }

    private static bool IsMetadata(XmlElement element)
    {
        for (XmlElement? above = element.Parent; above is not null; above = above.Parent)
        {
            if (above.Name == "metadata")
            {
                return true;
            }
        }

        return false;
    }

    private static string LocalName(string name) => name[(name.IndexOf(':', StringComparison.Ordinal) + 1)..];
}
