namespace VirtioFs.LibvirtXml;

/// <summary>A setting that libvirt, QEMU or Cloud Hypervisor would refuse, refused here before anything is changed.</summary>
public sealed class DomainRuleException : LibvirtXmlException
{
    /// <summary>Makes an error for a rule.</summary>
    /// <param name="errorId">A name of the error that stays the same from release to release.</param>
    /// <param name="message">A full sentence that names the thing and says what to do.</param>
    /// <param name="kind">What kind of failure it is.</param>
    public DomainRuleException(string errorId, string message, ErrorKind kind = ErrorKind.InvalidArgument)
        : base(errorId, kind, message)
    {
    }
}
