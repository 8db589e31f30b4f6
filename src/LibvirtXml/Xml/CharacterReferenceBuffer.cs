using System.Text;

namespace VirtioFs.LibvirtXml.Xml;

/// <summary>Hands out the characters of one reference.</summary>
internal sealed class CharacterReferenceBuffer : EncoderFallbackBuffer
{
    private string _reference = string.Empty;
    private int _position;

    public override int Remaining => _reference.Length - _position;

    public override bool Fallback(char charUnknown, int index) => Start(charUnknown);

    public override bool Fallback(char charUnknownHigh, char charUnknownLow, int index) =>
        Start(char.ConvertToUtf32(charUnknownHigh, charUnknownLow));

    public override char GetNextChar() => Remaining > 0 ? _reference[_position++] : '\0';

    public override bool MovePrevious()
    {
        if (_position == 0)
        {
            return false;
        }

        _position--;
        return true;
    }

    private bool Start(int codePoint)
    {
        _reference = $"&#x{codePoint:X};";
        _position = 0;
        return true;
    }
}
