namespace VirtioFs.LibvirtXml.FileSystems;

/// <summary>An address of a kind, or in a form, that this library only keeps.</summary>
/// <param name="TypeName">libvirt's name of the bus; empty when the XML names none.</param>
/// <param name="Xml">The element as it stands in the XML.</param>
public sealed record OtherAddress(string TypeName, string Xml) : DeviceAddress
{
    /// <inheritdoc/>
    public override string Type => TypeName;

    /// <inheritdoc/>
    public override string ToString() => Xml;
}
