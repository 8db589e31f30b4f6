using System.Management.Automation.Language;
using System.Text.RegularExpressions;

namespace VirtioFs.Cmdlets;

/// <summary>The word that the user is writing: its text, and the quote that it was begun with.</summary>
internal readonly partial struct QuotedWord
{
    private readonly char _quote;

    internal QuotedWord(string word)
    {
        _quote = word.Length > 0 && word[0] is '\'' or '"' ? word[0] : '\0';
        Text = _quote switch
        {
            '\0' => word,
            '\'' => word[1..].TrimEnd('\'').Replace("''", "'", StringComparison.Ordinal),
            _ => word[1..].TrimEnd('"'),
        };
    }

    internal string Text { get; }

    /// <summary>Writes a value with the user's own quote, or with single quotes where a bare word would mean something else.</summary>
    internal string Quote(string value) => _quote switch
    {
        '"' => $"\"{DoubleQuoteSpecials().Replace(value, "`$0")}\"",
        '\0' when BareWord().IsMatch(value) => value,
        _ => $"'{CodeGeneration.EscapeSingleQuotedStringContent(value)}'",
    };

    [GeneratedRegex("^([A-Za-z_/.][A-Za-z0-9_./-]*|[0-9]+)$")]
    private static partial Regex BareWord();

    [GeneratedRegex("[`\"$\u201C\u201D\u201E]")]
    private static partial Regex DoubleQuoteSpecials();
}
