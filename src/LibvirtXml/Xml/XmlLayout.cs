namespace VirtioFs.LibvirtXml.Xml;

/// <summary>
/// The habits of one document (line ends, indentation, quotation marks, `&lt;a/&gt;` or `&lt;a /&gt;`), and the changes that keep
/// to them.
/// </summary>
internal sealed class XmlLayout
{
    private readonly string _newLine;
    private readonly string _indentUnit;
    private readonly char _quote;
    private readonly string _emptyTail;

    /// <summary>Whether elements stand on lines of their own.</summary>
    private readonly bool _isIndented;

    private XmlLayout(string newLine, string indentUnit, char quote, string emptyTail, bool isIndented)
    {
        _newLine = newLine;
        _indentUnit = indentUnit;
        _quote = quote;
        _emptyTail = emptyTail;
        _isIndented = isIndented;
    }

    /// <summary>The look of XML as libvirt itself writes it.</summary>
    public static XmlLayout Default { get; } = new("\n", "  ", '\'', string.Empty, isIndented: true);

    public static XmlLayout Of(string source, XmlElement root)
    {
        string? unit = null;
        bool? hasBlankBeforeSlash = null;
        int singles = 0;
        int doubles = 0;
        foreach ((XmlElement element, string? indent) in WithIndents(root))
        {
            unit ??= indent is null ? null : UnitWithin(element, indent);
            singles += element.Attributes.Count(attribute => attribute.Quote == '\'');
            doubles += element.Attributes.Count(attribute => attribute.Quote == '"');
            if (element.IsSelfClosing && element != root)
            {
                hasBlankBeforeSlash ??= element.StartTagTail.Length > 0;
            }
        }

        return new XmlLayout(
            source.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n",
            unit ?? "  ",
            doubles > singles ? '"' : '\'',
            hasBlankBeforeSlash == true ? " " : string.Empty,
            IndentWithin(root) is not null || !root.Children.Any());
    }

    public void SetAttribute(XmlElement element, string name, string? value) => element.SetAttribute(name, value, _quote);

    public static void SetText(XmlElement element, string value)
    {
        if (element.Value == value)
        {
            return;
        }

        while (element.Content.Count > 0)
        {
            element.RemoveContentAt(element.Content.Count - 1);
        }

        element.IsSelfClosing = false;
        element.AppendContent(new XmlRaw(XmlEscape.EncodeText(value)));
    }

    /// <summary>Adds a child after the last of <paramref name="predecessors"/> that is there, else before the first other child.</summary>
    public XmlElement Add(XmlElement parent, XmlNew added, IReadOnlyCollection<string> predecessors)
    {
        XmlElement? neighbour = parent.Children.LastOrDefault(child => predecessors.Contains(child.Name));
        if (neighbour is not null)
        {
            return AddAfter(parent, neighbour, added);
        }

        XmlElement? first = parent.Children.FirstOrDefault();
        return first is null ? AddOnly(parent, added) : AddBefore(parent, first, added);
    }

    /// <summary>Adds a child behind all others.</summary>
    public XmlElement AddLast(XmlElement parent, XmlNew added)
    {
        XmlElement? last = parent.Children.LastOrDefault();
        return last is null ? AddOnly(parent, added) : AddAfter(parent, last, added);
    }

    /// <summary>Takes an element out, with the line that it stood on.</summary>
    public static void Remove(XmlElement element)
    {
        XmlElement parent = element.Parent!;
        int index = parent.IndexOf(element);
        parent.RemoveContentAt(index);
        bool beganItsLine = index > 0 && parent.Content[index - 1] is XmlRaw { IsText: true } before && LineBreakOf(before.Source) >= 0
            && string.IsNullOrWhiteSpace(before.Source[LineBreakOf(before.Source)..]);
        bool endedItsLine = index >= parent.Content.Count || (parent.Content[index] is XmlRaw { IsText: true } after && StartsNewLine(after.Source));
        if (beganItsLine && endedItsLine)
        {
            XmlRaw blanks = (XmlRaw)parent.Content[index - 1];
            blanks.Source = blanks.Source[..LineBreakOf(blanks.Source)];
            if (blanks.Source.Length == 0)
            {
                parent.RemoveContentAt(index - 1);
            }
        }
    }

    /// <summary>Takes an element out, and then what stands around it, up to <paramref name="keep"/>, as long as nothing is left in it.</summary>
    public static void RemoveWithEmptyParent(XmlElement element, XmlElement keep)
    {
        XmlElement parent = element.Parent!;
        Remove(element);
        bool isEmpty = parent.Attributes.Count == 0 && parent.Content.All(piece => piece is XmlRaw { IsWhitespace: true });
        if (isEmpty && parent != keep)
        {
            RemoveWithEmptyParent(parent, keep);
        }
    }

    /// <summary>An element as a text of its own, as a device is handed to libvirt.</summary>
    public string Write(XmlNew added) => Build(added, string.Empty).ToString();

    /// <summary>What a level adds to the indentation; null when the element's children do not show it.</summary>
    private static string? UnitWithin(XmlElement element, string outer)
    {
        string? inner = IndentWithin(element);
        return inner is not null && inner.Length > outer.Length && inner.StartsWith(outer, StringComparison.Ordinal) ? inner[outer.Length..] : null;
    }

    /// <summary>
    /// The root and all below it with the blanks that their lines begin with, null for one that does not begin a line. It is one
    /// pass: asking each of very many siblings for its place among them would take very long.
    /// </summary>
    private static IEnumerable<(XmlElement Element, string? Indent)> WithIndents(XmlElement root)
    {
        Stack<(XmlElement, string?)> waiting = new([(root, string.Empty)]);
        while (waiting.TryPop(out (XmlElement Element, string? Indent) next))
        {
            yield return next;
            for (int index = next.Element.Content.Count - 1; index >= 0; index--)
            {
                if (next.Element.Content[index] is XmlElement child)
                {
                    waiting.Push((child, index == 0 ? null : IndentAfter(next.Element.Content[index - 1])));
                }
            }
        }
    }

    /// <summary>The indentation of the first child that begins a line; one pass, since there may be very many that do not.</summary>
    private static string? IndentWithin(XmlElement parent)
    {
        XmlPiece? before = null;
        foreach (XmlPiece piece in parent.Content)
        {
            if (piece is XmlElement && IndentAfter(before) is string indent)
            {
                return indent;
            }

            before = piece;
        }

        return null;
    }

    /// <summary>The blanks that the element's line begins with; null when it does not begin a line.</summary>
    private static string? IndentOf(XmlElement element)
    {
        if (element.Parent is null)
        {
            return null;
        }

        int index = element.Parent.IndexOf(element);
        return index == 0 ? null : IndentAfter(element.Parent.Content[index - 1]);
    }

    private static string? IndentAfter(XmlPiece? before)
    {
        if (before is not XmlRaw { IsText: true } text)
        {
            return null;
        }

        int lineBreak = text.Source.LastIndexOf('\n');
        string indent = lineBreak < 0 ? string.Empty : text.Source[(lineBreak + 1)..];
        return lineBreak < 0 || !string.IsNullOrWhiteSpace(indent) ? null : indent;
    }

    private static int LineBreakOf(string text)
    {
        int lineBreak = text.LastIndexOf('\n');
        return lineBreak > 0 && text[lineBreak - 1] == '\r' ? lineBreak - 1 : lineBreak;
    }

    private static bool StartsNewLine(string text)
    {
        string trimmed = text.TrimStart(' ', '\t');
        return trimmed.StartsWith('\n') || trimmed.StartsWith("\r\n", StringComparison.Ordinal);
    }

    private XmlElement AddAfter(XmlElement parent, XmlElement neighbour, XmlNew added)
    {
        string? indent = IndentOf(neighbour) ?? IndentWithin(parent);
        XmlElement element = Build(added, indent);
        int index = EndOfLine(parent, parent.IndexOf(neighbour) + 1);
        if (indent is not null)
        {
            parent.InsertContent(index++, new XmlRaw(_newLine + indent));
        }

        parent.InsertContent(index, element);
        return element;
    }

    /// <summary>A comment on the same line speaks of the element before it, and stays with it.</summary>
    private static int EndOfLine(XmlElement parent, int index)
    {
        int next = index;
        if (next < parent.Content.Count && parent.Content[next] is XmlRaw { IsWhitespace: true } blanks && !blanks.Source.Contains('\n', StringComparison.Ordinal))
        {
            next++;
        }

        return next < parent.Content.Count && parent.Content[next] is XmlRaw { IsComment: true } ? next + 1 : index;
    }

    private XmlElement AddBefore(XmlElement parent, XmlElement neighbour, XmlNew added)
    {
        string? indent = IndentOf(neighbour);
        XmlElement element = Build(added, indent);
        int index = parent.IndexOf(neighbour);
        parent.InsertContent(index, element);
        if (indent is not null)
        {
            parent.InsertContent(index + 1, new XmlRaw(_newLine + indent));
        }

        return element;
    }

    private XmlElement AddOnly(XmlElement parent, XmlNew added)
    {
        string? parentIndent = parent.Parent is null ? string.Empty : IndentOf(parent);
        if (!_isIndented)
        {
            parentIndent = null;
        }

        string? indent = parentIndent is null ? null : parentIndent + _indentUnit;
        XmlElement element = Build(added, indent);
        if (parent.IsSelfClosing)
        {
            parent.IsSelfClosing = false;
            parent.StartTagTail = parent.StartTagTail.Trim(' ');
        }

        if (parent.Content is [.., XmlRaw { IsWhitespace: true } closing] && closing.Source.Contains('\n', StringComparison.Ordinal))
        {
            int index = parent.Content.Count - 1;
            parent.InsertContent(index, element);
            parent.InsertContent(index, new XmlRaw(_newLine + indent));
            return element;
        }

        if (indent is null)
        {
            parent.AppendContent(element);
            return element;
        }

        parent.AppendContent(new XmlRaw(_newLine + indent));
        parent.AppendContent(element);
        parent.AppendContent(new XmlRaw(_newLine + parentIndent));
        return element;
    }

    private XmlElement Build(XmlNew added, string? indent)
    {
        XmlElement element = new(added.Name, -1) { IsSelfClosing = added.Children.Count == 0 && added.Text is null };
        foreach ((string name, string value) in added.Attributes)
        {
            element.AppendAttribute(new XmlAttribute(" ", name, "=", _quote, XmlEscape.EncodeAttribute(value, _quote)));
        }

        if (added.Text is not null)
        {
            element.AppendContent(new XmlRaw(XmlEscape.EncodeText(added.Text)));
        }

        string? innerIndent = indent is null ? null : indent + _indentUnit;
        foreach (XmlNew child in added.Children)
        {
            if (innerIndent is not null)
            {
                element.AppendContent(new XmlRaw(_newLine + innerIndent));
            }

            element.AppendContent(Build(child, innerIndent));
        }

        if (indent is not null && added.Children.Count > 0)
        {
            element.AppendContent(new XmlRaw(_newLine + indent));
        }

        element.StartTagTail = element.IsSelfClosing ? _emptyTail : string.Empty;
        return element;
    }
}
