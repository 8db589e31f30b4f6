namespace VirtioFs.LibvirtXml.Host;

/// <summary>
/// A text in the format of libvirt's own configuration files (`src/util/virconf.c`): assignments of numbers, strings in one of three
/// kinds of quotation marks, and lists of them, ended by a line end or a semicolon.
/// </summary>
internal sealed class VirConfText
{
    private const string TripleQuote = "\"\"\"";

    /// <summary>libvirt's own parser has no bound for lists in lists; no setting has any.</summary>
    private const int MaximumDepth = 16;

    private readonly string _text;
    private readonly List<VirConfAssignment> _assignments = [];
    private readonly List<VirConfComment> _comments = [];
    private int _position;

    private VirConfText(string text)
    {
        _text = text;
    }

    public IReadOnlyList<VirConfAssignment> Assignments => _assignments;

    public IReadOnlyList<VirConfComment> Comments => _comments;

    private char Current => _position < _text.Length ? _text[_position] : '\0';

    /// <summary>Takes a text apart.</summary>
    /// <exception cref="FormatException">libvirt would refuse the text; the message says where and why.</exception>
    public static VirConfText Parse(string text)
    {
        VirConfText parsed = new(text);
        parsed.SkipBlanksAndLineEnds();
        while (parsed._position < text.Length)
        {
            parsed.ReadStatement();
            parsed.ReadSeparator();
        }

        return parsed;
    }

    /// <summary>The assignment that libvirt goes by: the first of that name (`virConfGetValue`).</summary>
    public VirConfAssignment? Find(string name) => _assignments.Find(assignment => assignment.Name == name);

    /// <summary>Writes a string; null when the format cannot carry it.</summary>
    public static string? Quote(string text)
    {
        bool isOneLine = !text.AsSpan().ContainsAny('\n', '\r');
        return text switch
        {
            _ when text.Contains('\0', StringComparison.Ordinal) => null,
            _ when isOneLine && !text.Contains('"', StringComparison.Ordinal) => $"\"{text}\"",
            _ when isOneLine && !text.Contains('\'', StringComparison.Ordinal) => $"'{text}'",
            _ when text.Contains(TripleQuote, StringComparison.Ordinal) || text.EndsWith('"') => null,
            _ => TripleQuote + text + TripleQuote,
        };
    }

    private void ReadStatement()
    {
        if (Current == '#')
        {
            int comment = _position + 1;
            SkipToLineEnd();
            _comments.Add(new VirConfComment(_text[comment.._position], _position));
            return;
        }

        int start = _position;
        string name = ReadName();
        SkipBlanks();
        Require(Current == '=', "an assignment is expected");
        _position++;
        SkipBlanks();
        int valueStart = _position;
        bool isList = Current == '[';
        List<string?> values = [];
        ReadValue(values, 0);
        int valueEnd = _position;
        SkipBlanks();
        if (Current == '#')
        {
            SkipToLineEnd();
        }

        string[]? strings = values.Contains(null) ? null : [.. values.OfType<string>()];
        _assignments.Add(new VirConfAssignment(name, start, valueStart, valueEnd, _position, strings, isList));
    }

    private string ReadName()
    {
        int start = _position;
        Require(char.IsAsciiLetter(Current), "a name is expected");
        while (char.IsAsciiLetterOrDigit(Current) || Current == '_')
        {
            _position++;
        }

        return _text[start.._position];
    }

    /// <summary>Adds the strings of a value; null for what is no string.</summary>
    private void ReadValue(List<string?> values, int depth)
    {
        Require(depth < MaximumDepth, "lists are nested too deep");
        switch (Current)
        {
            case '"' or '\'':
                values.Add(ReadString());
                break;
            case '[':
                ReadList(values, depth);
                break;
            default:
                ReadNumber();
                values.Add(null);
                break;
        }
    }

    private void ReadList(List<string?> values, int depth)
    {
        _position++;
        SkipBlanksAndLineEnds();
        while (Current != ']')
        {
            bool isNested = Current == '[';
            ReadValue(values, depth + 1);
            if (isNested)
            {
                values.Add(null);
            }

            SkipBlanksAndLineEnds();
            Require(Current is ',' or ']', _position < _text.Length ? "a separator is expected in the list" : "the list is not closed with ]");
            if (Current == ',')
            {
                _position++;
                SkipBlanksAndLineEnds();
            }
        }

        _position++;
    }

    private void ReadNumber()
    {
        _position += Current is '-' or '+' ? 1 : 0;
        Require(char.IsAsciiDigit(Current), "a value is expected");
        while (char.IsAsciiDigit(Current))
        {
            _position++;
        }
    }

    private string ReadString()
    {
        // `virConfParseString` wants a seventh character behind the two triple quotes.
        bool isTriple = _position + 6 < _text.Length && string.CompareOrdinal(_text, _position, TripleQuote, 0, 3) == 0;
        string quote = isTriple ? TripleQuote : _text[_position].ToString();
        int start = _position + quote.Length;
        int end = _text.IndexOf(quote, start, StringComparison.Ordinal);
        Require(end >= 0 && (isTriple || !_text.AsSpan(start, end - start).ContainsAny('\n', '\r')), "the string is not closed");
        string value = _text[start..end];
        Require(!value.Contains('\0', StringComparison.Ordinal), "the string has a NUL character");
        _position = end + quote.Length;
        return value;
    }

    private void ReadSeparator()
    {
        SkipBlanks();
        if (_position == _text.Length)
        {
            return;
        }

        Require(Current is '\n' or '\r' or ';', "a separator is expected");
        _position++;
        SkipBlanksAndLineEnds();
    }

    private void SkipBlanks()
    {
        while (Current is ' ' or '\t')
        {
            _position++;
        }
    }

    private void SkipBlanksAndLineEnds()
    {
        while (Current is ' ' or '\t' or '\n' or '\r')
        {
            _position++;
        }
    }

    private void SkipToLineEnd()
    {
        while (_position < _text.Length && Current is not ('\n' or '\r'))
        {
            _position++;
        }
    }

    private void Require(bool isRight, string what)
    {
        if (!isRight)
        {
            throw new FormatException($"at line {_text.AsSpan(0, _position).Count('\n') + 1} {what}");
        }
    }
}
