namespace VirtioFs.LibvirtXml;

/// <summary>A setting that libvirt, QEMU or Cloud Hypervisor would refuse, refused here before anything is changed.</summary>
public sealed class DomainRuleException : LibvirtXmlException
{
    internal DomainRuleException(string errorId, string message)
        : base(errorId, message)
    {
    }
}
