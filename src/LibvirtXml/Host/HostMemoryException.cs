namespace VirtioFs.LibvirtXml.Host;

/// <summary>A hugepage pool or a setting of the host that could not be read or changed.</summary>
public sealed class HostMemoryException : LibvirtXmlException
{
    internal HostMemoryException(string errorId, ErrorKind kind, string message, Exception? innerException = null)
        : base(errorId, kind, message, innerException)
    {
    }
}
