using System.Globalization;
using System.Text.RegularExpressions;

namespace VirtioFs.LibvirtXml.FileSystems;

/// <summary>An address on a PCI bus of the guest.</summary>
/// <param name="Domain">The PCI domain, 0 to 0xffff.</param>
/// <param name="Bus">The bus, 0 to 0xff.</param>
/// <param name="Slot">The slot, 0 to 0x1f.</param>
/// <param name="Function">The function, 0 to 7.</param>
/// <param name="Multifunction">Whether the slot has several functions; null to leave it to libvirt.</param>
public sealed partial record PciAddress(ushort Domain, byte Bus, byte Slot, byte Function, bool? Multifunction = null) : DeviceAddress
{
    /// <inheritdoc/>
    public override string Type => "pci";

    /// <summary>Reads an address such as <c>0000:07:00.0</c>.</summary>
    /// <param name="text">Hexadecimal parts, as lspci prints them; the domain may be left out.</param>
    /// <returns>The address.</returns>
    /// <exception cref="FormatException">The text is no PCI address.</exception>
    public static PciAddress Parse(string text)
    {
        Match match = AddressText().Match(text ?? string.Empty);
        int slot = match.Success ? Hexadecimal(match.Groups[3]) : int.MaxValue;
        if (slot > 0x1f)
        {
            throw new FormatException($"'{text}' is not a PCI address. Write domain:bus:slot.function, for example 0000:07:00.0.");
        }

        return new PciAddress(
            match.Groups[1].Success ? (ushort)Hexadecimal(match.Groups[1]) : (ushort)0,
            (byte)Hexadecimal(match.Groups[2]),
            (byte)slot,
            (byte)Hexadecimal(match.Groups[4]));
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Domain:x4}:{Bus:x2}:{Slot:x2}.{Function:x}");

    private static int Hexadecimal(Group group) => int.Parse(group.ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\A(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex AddressText();
}
