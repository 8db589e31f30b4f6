using System.Globalization;
using System.Text.RegularExpressions;

namespace VirtioFs.LibvirtXml;

/// <summary>
/// The bus-ID of a CCW device of an s390x guest, <c>fe.n.dddd</c>: the channel subsystem-ID (0xfe is kept for virtual devices),
/// the subchannel set-ID and the device number. The guest sees channel subsystem 0 instead: <c>fe.0.1a12</c> is its
/// <c>0.0.1a12</c>.
/// </summary>
public sealed partial record DeviceNumber
{
    /// <summary>The channel subsystem-ID of virtual devices.</summary>
    public const byte VirtualSubsystem = 0xfe;

    /// <summary>Makes a device number.</summary>
    /// <param name="subchannelSet">The subchannel set-ID, 0 to 3.</param>
    /// <param name="device">The device number within the set.</param>
    /// <param name="subsystem">The channel subsystem-ID, 0 to 0xfe.</param>
    /// <exception cref="ArgumentOutOfRangeException">A part is out of the range that libvirt's schema allows.</exception>
    public DeviceNumber(byte subchannelSet, ushort device, byte subsystem = VirtualSubsystem)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(subchannelSet, (byte)3);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(subsystem, VirtualSubsystem);
        Subsystem = subsystem;
        SubchannelSet = subchannelSet;
        Device = device;
    }

    /// <summary>The channel subsystem-ID on the host, libvirt's <c>cssid</c>.</summary>
    public byte Subsystem { get; }

    /// <summary>The subchannel set-ID, libvirt's <c>ssid</c>.</summary>
    public byte SubchannelSet { get; }

    /// <summary>The device number, libvirt's <c>devno</c>.</summary>
    public ushort Device { get; }

    /// <summary>The bus-ID that the guest sees, such as <c>0.0.1a12</c>.</summary>
    public string GuestBusId => string.Create(CultureInfo.InvariantCulture, $"0.{SubchannelSet:x}.{Device:x4}");

    /// <summary>Reads a bus-ID such as <c>fe.0.1a12</c>.</summary>
    /// <param name="text">Three hexadecimal parts between dots.</param>
    /// <returns>The device number.</returns>
    /// <exception cref="FormatException">The text is no bus-ID, or a part is out of range.</exception>
    public static DeviceNumber Parse(string text) => TryParse(text, out DeviceNumber? number)
        ? number
        : throw new FormatException(
            $"'{text}' is not a device number of the host. Write fe.n.dddd: the subchannel set n is 0 to 3, and dddd is 0000 to ffff; " +
            "for example fe.0.1a12.");

    /// <summary>Reads a bus-ID such as <c>fe.0.1a12</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="number">The device number, when the text is one.</param>
    /// <returns>Whether it is one.</returns>
    public static bool TryParse(string? text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out DeviceNumber? number)
    {
        number = null;
        Match match = BusId().Match(text ?? string.Empty);
        if (!match.Success)
        {
            return false;
        }

        int subsystem = Hexadecimal(match.Groups[1]);
        int set = Hexadecimal(match.Groups[2]);
        if (subsystem != VirtualSubsystem || set > 3)
        {
            return false;
        }

        number = new DeviceNumber((byte)set, (ushort)Hexadecimal(match.Groups[3]));
        return true;
    }

    /// <summary>The bus-ID on the host.</summary>
    /// <returns>A text such as <c>fe.0.1a12</c>.</returns>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Subsystem:x}.{SubchannelSet:x}.{Device:x4}");

    private static int Hexadecimal(Group group) => int.Parse(group.ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\A(?:0x)?([0-9a-f]{1,2})\.(?:0x)?([0-9a-f])\.(?:0x)?([0-9a-f]{1,4})\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex BusId();
}
