using System.Text;

namespace VirtioFs.Cmdlets;

/// <summary>
/// Puts the lines of a domain's XML together again: a program's output, such as that of virsh dumpxml, comes down the pipeline line by
/// line, a file's content perhaps in one piece.
/// </summary>
internal sealed class DomainText
{
    private const string End = "</domain>";

    private readonly StringBuilder _lines = new();
    private bool _hasRoot;

    /// <summary>Whether a text begins XML; outside of XML any other text is a path.</summary>
    internal static bool IsXml(string text) => Start(text).StartsWith("<");

    /// <summary>Takes a text up, and gives back what is complete with it: XML, whole or known to be broken, or a path.</summary>
    internal IEnumerable<string> Take(string text)
    {
        if (_lines.Length == 0 && !IsXml(text))
        {
            return string.IsNullOrWhiteSpace(text) ? [] : [text];
        }

        List<string> complete = [];
        if (BeginsAnother(text) && TakeRest() is string broken)
        {
            complete.Add(broken);
        }

        _hasRoot |= BeginsRoot(text);
        _lines.Append(_lines.Length == 0 ? string.Empty : "\n").Append(text);
        if (text.AsSpan().TrimEnd().EndsWith(End))
        {
            complete.Add(TakeRest()!);
        }

        return complete;
    }

    /// <summary>What has come and is not complete; null when there is nothing.</summary>
    internal string? TakeRest()
    {
        if (_lines.Length == 0)
        {
            return null;
        }

        string rest = _lines.ToString();
        _lines.Clear();
        _hasRoot = false;
        return rest;
    }

    private bool BeginsAnother(string text) => (_hasRoot && BeginsRoot(text)) || Start(text).StartsWith("<?xml ");

    private static bool BeginsRoot(string text) => Start(text).StartsWith("<domain ") || Start(text).StartsWith("<domain>");

    private static ReadOnlySpan<char> Start(string text) => text.AsSpan().TrimStart("\uFEFF \t\r\n");
}
