namespace VirtioFs.LibvirtXml;

/// <summary>XML that cannot be read as a domain or a device: not well-formed, or with an element that may stand only once.</summary>
public sealed class DomainXmlException : LibvirtXmlException
{
    internal DomainXmlException(string errorId, string message, int line, int column, Exception? innerException = null)
        : base(errorId, ErrorKind.InvalidData, message, innerException)
    {
        Line = line;
        Column = column;
    }

    /// <summary>The line of the fault, from 1; 0 when the fault has no place.</summary>
    public int Line { get; }

    /// <summary>The column of the fault, from 1; 0 when the fault has no place.</summary>
    public int Column { get; }
}
