namespace VirtioFs.LibvirtXml.FileSystems;

/// <summary>An address on the virtual channel of an s390x guest.</summary>
/// <param name="Number">The device number, as the host writes it.</param>
public sealed record CcwAddress(DeviceNumber Number) : DeviceAddress
{
    /// <inheritdoc/>
    public override string Type => "ccw";

    /// <inheritdoc/>
    public override string ToString() => Number.ToString();
}
