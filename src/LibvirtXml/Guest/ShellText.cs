using System.Text.RegularExpressions;

namespace VirtioFs.LibvirtXml.Guest;

/// <summary>Words for a POSIX shell.</summary>
public static partial class ShellText
{
    /// <summary>Quotes a word so that a shell takes it as it is.</summary>
    /// <param name="word">The word.</param>
    /// <returns>The word, in quotation marks if it needs any.</returns>
    /// <exception cref="DomainRuleException">The word has a NUL, which no shell can carry.</exception>
    public static string Quote(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        if (word.Contains('\0', StringComparison.Ordinal))
        {
            throw new DomainRuleException("InvalidWord", "A word for the shell has a NUL character, which no program can be given. Remove it.");
        }

        return PlainWord().IsMatch(word) ? word : $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";
    }

    /// <summary>Joins words to a command line.</summary>
    /// <param name="words">The words.</param>
    /// <returns>The line.</returns>
    public static string Join(IEnumerable<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        return string.Join(' ', words.Select(Quote));
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*\z")]
    private static partial Regex PlainWord();
}
