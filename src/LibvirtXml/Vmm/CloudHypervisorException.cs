namespace VirtioFs.LibvirtXml.Vmm;

/// <summary>Cloud Hypervisor could not be reached, or refused a request.</summary>
public sealed class CloudHypervisorException : LibvirtXmlException
{
    internal CloudHypervisorException(string errorId, ErrorKind kind, string message, Exception? innerException = null)
        : base(errorId, kind, message, innerException)
    {
    }
}
