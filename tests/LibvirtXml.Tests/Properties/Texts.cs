using System.Text;
using CsCheck;
using VirtioFs.LibvirtXml.FileSystems;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>Generators of the texts that people and machines give: plain ones, and those that some reader takes for more than text.</summary>
internal static class Texts
{
    private static readonly string[] Plain = ["a", "Z", "0", "9", "srv", "share", "_", "-", ".", "+", "@", ":"];

    private static readonly string[] Special =
    [
        " ", "  ", "'", "\"", "\\", "\\\\", "`", "$", "$(x)", "${x}", "%", "%%", "%n", "#", "!", "~", "*", "?", "[", "]", "{", "}", "(", ")", "<", ">", "|", "&", "&&",
        ";", ",", ",,", "=", "^", "\\040", "\\x41", "\\n", "&amp;", "&#65;", "<!--", "-->", "<![CDATA[", "]]>", "--", "..", "é", "ß", "ı", "日本", "😀", "\u00A0", "\u2028",
        "\u202E", "\u0085", "\u007F", "\"\"\"", "on", "none", "null",
    ];

    private static readonly string[] Control = ["\t", "\n", "\r", "\r\n"];

    /// <summary>Text of one line.</summary>
    public static Gen<string> Line { get; } = Join(Gen.Frequency((3, Gen.OneOf(Plain)), (2, Gen.OneOf(Special))), 12);

    /// <summary>Text with tabulators and line ends in it, all of which XML can carry.</summary>
    public static Gen<string> Any { get; } = Join(Gen.Frequency((3, Gen.OneOf(Plain)), (2, Gen.OneOf(Special)), (1, Gen.OneOf(Control))), 12);

    /// <summary>A tag.</summary>
    public static Gen<string> Tag { get; } = Line.Where(text => Encoding.UTF8.GetByteCount(text) <= FileSystem.MaxTagBytes);

    /// <summary>An absolute path, which may go up and have doubled slashes.</summary>
    public static Gen<string> Path { get; } = Line.Array[1, 4].Select(parts => "/" + string.Join('/', parts));

    /// <summary>An absolute path with whatever a path can have.</summary>
    public static Gen<string> AnyPath { get; } = Any.Array[1, 4].Select(parts => "/" + string.Join('/', parts));

    /// <summary>An absolute path of one line that goes nowhere up.</summary>
    public static Gen<string> LinePath { get; } = Line.Array[1, 3].Select(parts => "/" + string.Join('/', parts)).Where(path => !path.Split('/').Contains(".."));

    private static Gen<string> Join(Gen<string> pieces, int most) => pieces.Array[1, most].Select(string.Concat);
}
