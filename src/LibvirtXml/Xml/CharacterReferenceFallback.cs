using System.Text;

namespace VirtioFs.LibvirtXml.Xml;

/// <summary>Writes a character that an encoding lacks as <c>&amp;#x…;</c>.</summary>
internal sealed class CharacterReferenceFallback : EncoderFallback
{
    public override int MaxCharCount => "&#x10FFFF;".Length;

    public override EncoderFallbackBuffer CreateFallbackBuffer() => new CharacterReferenceBuffer();
}
