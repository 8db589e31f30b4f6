namespace VirtioFs.LibvirtXml;

/// <summary>
/// The root of all errors that this library reports on purpose. The message is a full sentence for the user: what is wrong, and what has
/// to become of it. How that is done in the caller's own commands is the caller's to add.
/// </summary>
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

    /// <summary>What to do about it in the caller's commands, as a full sentence, which ends the message; null for none.</summary>
    public string? Advice { get; set; }

    /// <inheritdoc/>
    public override string Message => Advice is null ? base.Message : $"{base.Message} {Advice}";
}
