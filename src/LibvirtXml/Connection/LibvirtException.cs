namespace VirtioFs.LibvirtXml.Connection;

/// <summary>An error that libvirt reported.</summary>
public sealed class LibvirtException : LibvirtXmlException
{
    internal LibvirtException(string errorId, ErrorKind kind, string message, int code, int source, string libvirtMessage)
        : base(errorId, kind, message)
    {
        Code = code;
        Origin = source;
        LibvirtMessage = libvirtMessage;
    }

    /// <summary>libvirt's number of the error (`virErrorNumber`).</summary>
    public int Code { get; }

    /// <summary>libvirt's number of the part that reported it (`virErrorDomain`).</summary>
    public int Origin { get; }

    /// <summary>libvirt's own words.</summary>
    public string LibvirtMessage { get; }

    /// <summary>Whether the connection was lost before the answer came. Whether the call took effect is not known.</summary>
    public bool IsConnectionLost { get; internal init; }
}
