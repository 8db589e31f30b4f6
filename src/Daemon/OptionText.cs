using System.CommandLine.Parsing;
using System.Globalization;
using Mono.Unix;

namespace VirtioFs.Daemon;

/// <summary>Reads the text of options that are no plain words or numbers.</summary>
internal static class OptionText
{
    /// <summary>A program that passes options on must not be able to override an earlier one, so no option may come twice.</summary>
    internal static void RefuseRepetition(OptionResult result)
    {
        if (result.IdentifierTokenCount > 1)
        {
            result.AddError($"{result.Option.Name} is given {result.IdentifierTokenCount} times; it may be given once.");
        }
    }

    internal static UnixFileMode? ReadMode(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (text.Length is >= 3 and <= 4 && text.All(digit => digit is >= '0' and <= '7') && Convert.ToInt32(text, 8) <= 0b111_111_111)
        {
            return (UnixFileMode)Convert.ToInt32(text, 8);
        }

        result.AddError($"--socket-mode '{text}' is no mode for a socket; write it in octal digits, such as 0660.");
        return null;
    }

    internal static uint? ReadGroup(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        try
        {
            return (uint)new UnixGroupInfo(text).GroupId;
        }
        catch (ArgumentException) when (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number))
        {
            return number;
        }
        catch (ArgumentException)
        {
            result.AddError($"--socket-group '{text}' is no group of this host.");
            return null;
        }
    }
}
