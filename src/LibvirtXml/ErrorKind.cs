namespace VirtioFs.LibvirtXml;

/// <summary>What kind of failure an error is, for callers that treat kinds alike. <see cref="LibvirtXmlException.ErrorId"/> tells the very error.</summary>
public enum ErrorKind
{
    /// <summary>The request itself is wrong: it would be refused in whatever state things are.</summary>
    InvalidArgument = 0,

    /// <summary>A text or an answer that cannot be read as what it should be.</summary>
    InvalidData = 1,

    /// <summary>What is named is not there.</summary>
    NotFound = 2,

    /// <summary>What is to be made is there already.</summary>
    AlreadyExists = 3,

    /// <summary>There is no permission.</summary>
    PermissionDenied = 4,

    /// <summary>The other end wants credentials that are not there.</summary>
    AuthenticationFailed = 5,

    /// <summary>A library or program is not installed.</summary>
    NotInstalled = 6,

    /// <summary>There is no connection, or it was lost.</summary>
    ConnectionFailed = 7,

    /// <summary>There was no answer within the limit.</summary>
    Timeout = 8,

    /// <summary>Somebody else has changed, or is changing, what is to be changed.</summary>
    Conflict = 9,

    /// <summary>The state of a domain or a host does not allow it now.</summary>
    InvalidState = 10,

    /// <summary>The other end cannot do this at all.</summary>
    NotSupported = 11,

    /// <summary>Something could not be written.</summary>
    WriteFailed = 12,

    /// <summary>Any other failure.</summary>
    Failed = 13,
}
