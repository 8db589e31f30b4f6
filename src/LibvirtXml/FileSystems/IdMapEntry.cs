using System.Globalization;

namespace VirtioFs.LibvirtXml.FileSystems;

/// <summary>A range of user or group IDs of the guest and where it lies on the host.</summary>
/// <param name="Start">The first ID in the guest.</param>
/// <param name="Target">The ID on the host that the first one becomes.</param>
/// <param name="Count">How many IDs there are, 1 or more.</param>
public sealed record IdMapEntry(uint Start, uint Target, uint Count)
{
    /// <summary>Reads an entry such as <c>0:100000:65536</c>.</summary>
    /// <param name="text">Start, target and count between colons.</param>
    /// <returns>The entry.</returns>
    /// <exception cref="FormatException">The text is no entry.</exception>
    public static IdMapEntry Parse(string text)
    {
        uint?[] numbers = [.. (text ?? string.Empty).Split(':')
            .Select(part => uint.TryParse(part, NumberStyles.Integer, CultureInfo.InvariantCulture, out uint number) ? number : (uint?)null)];
        return numbers is [uint start, uint target, uint count and > 0]
            ? new IdMapEntry(start, target, count)
            : throw new FormatException($"'{text}' is not an ID map entry. Write start:target:count, for example 0:100000:65536.");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Start}:{Target}:{Count}";
}
