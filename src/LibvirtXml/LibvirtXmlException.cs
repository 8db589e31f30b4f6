namespace VirtioFs.LibvirtXml;

/// <summary>The root of all errors that this library reports on purpose. The message is a full sentence for the user.</summary>
public abstract class LibvirtXmlException : Exception
{
    private protected LibvirtXmlException(string errorId, ErrorKind kind, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        ErrorId = errorId;
        Kind = kind;
    }

    /// <summary>A name of the error that stays the same from release to release, for scripts to test.</summary>
    public string ErrorId { get; }

    /// <summary>What kind of failure it is.</summary>
    public ErrorKind Kind { get; }
}
