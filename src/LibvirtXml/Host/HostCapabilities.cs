using System.Globalization;
using VirtioFs.LibvirtXml.Xml;

namespace VirtioFs.LibvirtXml.Host;

/// <summary>What libvirt says of its host, as far as it is needed here.</summary>
public sealed class HostCapabilities
{
    private HostCapabilities(uint? qemuUserId, uint? qemuGroupId)
    {
        QemuUserId = qemuUserId;
        QemuGroupId = qemuGroupId;
    }

    /// <summary>The user that QEMU runs as; null when libvirt does not say.</summary>
    public uint? QemuUserId { get; }

    /// <summary>The group that QEMU runs as; null when libvirt does not say.</summary>
    public uint? QemuGroupId { get; }

    /// <summary>Reads libvirt's text.</summary>
    /// <param name="xml">A <c>&lt;capabilities&gt;</c> element, as <c>LibvirtConnection.GetCapabilities</c> gives it.</param>
    /// <returns>The capabilities.</returns>
    /// <exception cref="DomainXmlException">The text is not well-formed XML.</exception>
    public static HostCapabilities Parse(string xml)
    {
        ArgumentNullException.ThrowIfNull(xml);
        XmlElement? host = XmlParser.Parse(xml, "What libvirt says of its host").Root.Child("host");
        string? label = host?.ChildrenNamed("secmodel")
            .FirstOrDefault(model => model.Child("model")?.Value.Trim() == "dac")?
            .ChildrenNamed("baselabel").Select(element => element.Value.Trim()).FirstOrDefault();
        string[] parts = label?.Split(':') ?? [];
        return parts is [string user, string group] ? new HostCapabilities(Number(user), Number(group)) : new HostCapabilities(null, null);
    }

    // libvirt's DAC driver writes numbers with a plus sign: <baselabel type='kvm'>+64055:+108</baselabel>.
    private static uint? Number(string text) =>
        text.StartsWith('+') && uint.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : null;
}
