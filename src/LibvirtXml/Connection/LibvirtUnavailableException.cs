namespace VirtioFs.LibvirtXml.Connection;

/// <summary>The libvirt library is not on this machine, or cannot be used. All that needs only XML works without it.</summary>
public sealed class LibvirtUnavailableException : LibvirtXmlException
{
    internal LibvirtUnavailableException(string message, Exception? innerException = null)
        : base("LibvirtUnavailable", ErrorKind.NotInstalled, message, innerException)
    {
    }
}
