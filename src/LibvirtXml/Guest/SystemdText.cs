using System.Text;

namespace VirtioFs.LibvirtXml.Guest;

/// <summary>systemd's ways of writing paths and values (systemd.unit(5), `unit_name_path_escape`).</summary>
internal static class SystemdText
{
    /// <summary>What systemd takes from both ends of a value (`WHITESPACE`).</summary>
    public static readonly char[] Blanks = [' ', '\t', '\n', '\r'];

    /// <summary>`UNIT_NAME_MAX`, with the end of the text.</summary>
    private const int MaximumUnitName = 256;

    /// <summary>What <c>systemd-escape --path</c> writes.</summary>
    public static string EscapePath(string path)
    {
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        string[] kept = [.. parts.Where(part => part != ".")];
        if (kept.Contains(".."))
        {
            throw new DomainRuleException("InvalidMountPoint", $"The mount point '{path}' has '..' in it, and systemd refuses that. Give the plain path.");
        }

        string name = kept.Length == 0 ? "-" : EscapeName(string.Join('/', kept));
        return name.Length + ".mount".Length < MaximumUnitName
            ? name
            : throw new DomainRuleException("NotForSystemd", $"The mount point '{path}' is too long for the name of a systemd unit. Choose a shorter one, or use the mount command.");
    }

    /// <summary>A path as systemd compares it with the unit's name: no doubled slashes, none at the end.</summary>
    public static string Simplify(string path) =>
        "/" + string.Join('/', path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != "."));

    /// <summary>A value of one line; % begins a specifier. A backslash at the end would join the next line.</summary>
    public static string Value(string text, string whatItIs)
    {
        if (text.AsSpan().IndexOfAnyInRange('\0', '\x1f') >= 0 || text.EndsWith('\\') || text != text.Trim(Blanks))
        {
            throw new DomainRuleException(
                "NotForSystemd",
                $"The {whatItIs} '{text}' cannot stand in a systemd unit: it has a control character, blanks at an end, or a backslash as its last character. " +
                "Choose another one, or use the mount command.");
        }

        return text.Replace("%", "%%", StringComparison.Ordinal);
    }

    private static string EscapeName(string name)
    {
        StringBuilder escaped = new(name.Length);
        foreach (byte character in Encoding.UTF8.GetBytes(name))
        {
            bool isPlain = char.IsAsciiLetterOrDigit((char)character) || character is (byte)':' or (byte)'_' or (byte)'.';
            bool isLeadingDot = character == '.' && escaped.Length == 0;
            _ = character == '/' ? escaped.Append('-')
                : isPlain && !isLeadingDot ? escaped.Append((char)character)
                : escaped.Append(System.Globalization.CultureInfo.InvariantCulture, $@"\x{character:x2}");
        }

        return escaped.ToString();
    }
}
