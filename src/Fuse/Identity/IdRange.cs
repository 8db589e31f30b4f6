using System.Globalization;

namespace VirtioFs.Fuse.Identity;

/// <summary>A rule for user or group ids on their way between guest and host.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="From">The first id of the range it applies to: the guest's, or for the kinds that begin at the host, the host's.</param>
/// <param name="To">What <paramref name="From"/> becomes; unused for <see cref="IdRangeKind.ForbidGuest"/>.</param>
/// <param name="Count">Ids in the range.</param>
public sealed record IdRange(IdRangeKind Kind, uint From, uint To, uint Count)
{
    private static readonly (string Name, IdRangeKind Kind)[] s_names =
    [
        ("guest", IdRangeKind.GuestToHost), ("host", IdRangeKind.HostToGuest), ("squash-guest", IdRangeKind.SquashGuest),
        ("squash-host", IdRangeKind.SquashHost), ("forbid-guest", IdRangeKind.ForbidGuest), ("map", IdRangeKind.Both),
    ];

    /// <summary>Reads virtiofsd's form: <c>type:source:target:count</c>, or <c>forbid-guest:source:count</c>.</summary>
    /// <exception cref="FormatException">The text says something else; the message says what it must be.</exception>
    public static IdRange Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] fields = text.Split(':');
        int index = Array.FindIndex(s_names, name => name.Name == fields[0]);
        if (index < 0)
        {
            throw new FormatException(
                $"'{text}' does not begin with a known type: use {string.Join(", ", s_names.Select(name => $"'{name.Name}'"))}.");
        }

        IdRangeKind kind = s_names[index].Kind;
        int expected = kind == IdRangeKind.ForbidGuest ? 3 : 4;
        uint[] numbers = [.. fields[1..].Select(field => uint.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out uint number)
            ? number : throw new FormatException($"'{field}' in '{text}' is not a number from 0 to 4294967295."))];
        if (fields.Length != expected)
        {
            string form = expected == 3 ? "forbid-guest:FIRST:COUNT" : $"{fields[0]}:FIRST:TARGET:COUNT";
            throw new FormatException($"'{text}' has {fields.Length - 1} numbers: it must be '{form}'.");
        }

        return kind == IdRangeKind.ForbidGuest ? new IdRange(kind, numbers[0], 0, numbers[1]) : new IdRange(kind, numbers[0], numbers[1], numbers[2]);
    }

    /// <summary>The text that <see cref="Parse"/> reads.</summary>
    public override string ToString()
    {
        string name = Array.Find(s_names, name => name.Kind == Kind).Name;
        return Kind == IdRangeKind.ForbidGuest ? $"{name}:{From}:{Count}" : $"{name}:{From}:{To}:{Count}";
    }
}
