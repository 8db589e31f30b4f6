using System.Xml;

namespace VirtioFs.LibvirtXml.Xml;

/// <summary>
/// Cuts a text into pieces that put together again are that very text. <see cref="XmlReader"/> judges first, with DTDs
/// and resolvers off; so this cutter can trust what it reads.
/// </summary>
internal sealed class XmlParser
{
    /// <summary>libxml2 (`xmlParserMaxDepth`) stops here, and libvirt with it.</summary>
    private const int MaxDepth = 256;

    internal const int MaxCharacters = 32 * 1024 * 1024;

    private readonly string _text;
    private int _position;

    private XmlParser(string text)
    {
        _text = text;
    }

    public static XmlDocument Parse(string text, string whatItIs, CancellationToken cancellationToken = default)
    {
        Validate(text, whatItIs, cancellationToken);
        XmlParser parser = new(text);
        string prologue = parser.ReadUntilRoot();
        XmlElement root = parser.ReadRoot(cancellationToken);
        return new XmlDocument(text, prologue, root, text[parser._position..]);
    }

    private static void Validate(string text, string whatItIs, CancellationToken cancellationToken)
    {
        XmlReaderSettings settings = new()
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersInDocument = MaxCharacters,
        };

        try
        {
            using XmlReader reader = XmlReader.Create(new StringReader(text), settings);
            while (reader.Read())
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (reader.Depth >= MaxDepth)
                {
                    throw TooDeep((IXmlLineInfo)reader, whatItIs);
                }
            }
        }
        catch (XmlException exception)
        {
            throw NotWellFormed(exception, whatItIs);
        }
    }

    private static DomainXmlException TooDeep(IXmlLineInfo place, string whatItIs) => new(
        "MalformedXml",
        $"{whatItIs} is not usable: at line {place.LineNumber}, column {place.LinePosition} its elements are nested more than " +
        $"{MaxDepth} deep, which libvirt's parser refuses. Remove the nesting.",
        place.LineNumber,
        place.LinePosition);

    private static DomainXmlException NotWellFormed(XmlException exception, string whatItIs)
    {
        int place = exception.Message.LastIndexOf(" Line ", StringComparison.Ordinal);
        string reason = place < 0 ? exception.Message : exception.Message[..place];
        if (reason.TrimEnd() is [.., ':'] list)
        {
            // The reader lists elements that are not closed, of which there may be none.
            reason = list[..(list.LastIndexOf(". ", StringComparison.Ordinal) + 1)];
        }

        if (reason.Contains("DTD", StringComparison.Ordinal))
        {
            reason = "It has a document type declaration (<!DOCTYPE …>), which is not accepted.";
        }

        string where = exception.LineNumber > 0 ? $" at line {exception.LineNumber}, column {exception.LinePosition}" : string.Empty;
        return new DomainXmlException(
            "MalformedXml",
            $"{whatItIs} is not well-formed XML{where}: {reason} Correct it there and try again.",
            exception.LineNumber,
            exception.LinePosition,
            exception);
    }

    private string ReadUntilRoot()
    {
        while (!IsElementStart())
        {
            SkipRaw();
        }

        return _text[.._position];
    }

    private XmlElement ReadRoot(CancellationToken cancellationToken)
    {
        XmlElement root = ReadStartTag();
        XmlElement? open = root.IsSelfClosing ? null : root;
        while (open is not null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (At("</"))
            {
                ReadEndTag(open);
                open = open.Parent;
            }
            else if (IsElementStart())
            {
                XmlElement child = ReadStartTag();
                open.AppendContent(child);
                open = child.IsSelfClosing ? open : child;
            }
            else
            {
                int start = _position;
                SkipRaw();
                open.AppendContent(new XmlRaw(_text[start.._position]));
            }
        }

        return root;
    }

    private bool At(string mark) => string.CompareOrdinal(_text, _position, mark, 0, mark.Length) == 0;

    private bool IsElementStart() =>
        _text[_position] == '<' && _text[_position + 1] is not ('!' or '?' or '/');

    private void SkipRaw()
    {
        _position = this switch
        {
            _ when At("<!--") => After("-->"),
            _ when At("<![CDATA[") => After("]]>"),
            _ when At("<?") => After("?>"),
            _ => _text.IndexOf('<', _position),
        };
    }

    private int After(string mark) => _text.IndexOf(mark, _position, StringComparison.Ordinal) + mark.Length;

    private XmlElement ReadStartTag()
    {
        int start = _position++;
        XmlElement element = new(ReadName(), start);
        while (true)
        {
            string blanks = ReadBlanks();
            if (_text[_position] is '>' or '/')
            {
                element.StartTagTail = blanks;
                element.IsSelfClosing = _text[_position] == '/';
                _position += element.IsSelfClosing ? 2 : 1;
                return element;
            }

            element.AppendAttribute(ReadAttribute(blanks));
        }
    }

    private XmlAttribute ReadAttribute(string leading)
    {
        string name = ReadName();
        int equals = _position;
        _position = _text.IndexOfAny(['\'', '"'], _position);
        string equalsSign = _text[equals.._position];
        char quote = _text[_position++];
        int end = _text.IndexOf(quote, _position);
        string value = _text[_position..end];
        _position = end + 1;
        return new XmlAttribute(leading, name, equalsSign, quote, value);
    }

    private void ReadEndTag(XmlElement element)
    {
        _position += 2 + element.Name.Length;
        element.EndTagTail = ReadBlanks();
        _position++;
    }

    private string ReadName()
    {
        int start = _position;
        _position = _text.IndexOfAny([' ', '\t', '\r', '\n', '/', '>', '='], _position);
        return _text[start.._position];
    }

    private string ReadBlanks()
    {
        int start = _position;
        while (_text[_position] is ' ' or '\t' or '\r' or '\n')
        {
            _position++;
        }

        return _text[start.._position];
    }
}
