using System.Globalization;

namespace VirtioFs.DeviceEngine.Options;

/// <summary>The text forms of values that options share. Each reads what it writes; what cannot be understood is a <see cref="FormatException"/>.</summary>
public static class OptionText
{
    /// <summary>A switch that is on.</summary>
    public const string On = "on";

    /// <summary>A switch that is off.</summary>
    public const string Off = "off";

    private static readonly string[] s_on = [On, "true", "yes", "1"];
    private static readonly string[] s_off = [Off, "false", "no", "0"];

    /// <summary>Reads true, yes, on or 1, and false, no, off or 0, in any case.</summary>
    public static bool ReadSwitch(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string word = text.Trim();
        if (s_on.Contains(word, StringComparer.OrdinalIgnoreCase))
        {
            return true;
        }

        return s_off.Contains(word, StringComparer.OrdinalIgnoreCase)
            ? false
            : throw new FormatException("a switch is true, yes, on or 1, or false, no, off or 0.");
    }

    /// <summary>Writes a switch.</summary>
    public static string WriteSwitch(bool value) => value ? On : Off;

    /// <summary>Reads seconds, such as 1 or 0.5, or hours, minutes and seconds, such as 00:01:30.</summary>
    public static TimeSpan ReadSeconds(string text)
    {
        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out decimal seconds)
            && seconds <= long.MaxValue / TimeSpan.TicksPerSecond)
        {
            return TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond));
        }

        bool isTime = text.Contains(':', StringComparison.Ordinal)
            & TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan time) && time >= TimeSpan.Zero;
        return isTime ? time : throw new FormatException("a time is seconds, such as 1 or 0.5, or hours, minutes and seconds, such as 00:01:30.");
    }

    /// <summary>Writes seconds, with as many digits as it takes.</summary>
    public static string WriteSeconds(TimeSpan time) =>
        ((decimal)time.Ticks / TimeSpan.TicksPerSecond).ToString("0.#######", CultureInfo.InvariantCulture);

    /// <summary>Reads a socket's mode: three or four octal digits of permissions.</summary>
    public static UnixFileMode ReadMode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        bool isOctal = text.Length is 3 or 4 && text.All(digit => digit is >= '0' and <= '7');
        int mode = isOctal ? Convert.ToInt32(text, 8) : -1;
        return mode is >= 0 and <= 0b111_111_111
            ? (UnixFileMode)mode
            : throw new FormatException("a socket's mode is written in octal digits, such as 0660.");
    }

    /// <summary>Writes four octal digits.</summary>
    public static string WriteMode(UnixFileMode mode) => Convert.ToString((int)mode, 8).PadLeft(4, '0');

    internal static int ReadNumber(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw new FormatException(most == int.MaxValue ? $"it is a number from {least}." : $"it is a number from {least} to {most}.");

    internal static string WriteNumber(long number) => number.ToString(CultureInfo.InvariantCulture);

    internal static T ReadWord<T>(string text, IReadOnlyDictionary<string, T> words) =>
        words.TryGetValue(text.ToLowerInvariant(), out T? value) ? value : throw new FormatException($"it is one of {string.Join(", ", words.Keys)}.");
}
