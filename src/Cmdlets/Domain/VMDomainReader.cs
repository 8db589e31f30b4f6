using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Makes the object that the cmdlets emit from what libvirt knows.</summary>
internal static class VMDomainReader
{
    internal static VMDomain Read(LibvirtDomain domain, bool inactive)
    {
        bool isPersistent = domain.IsPersistent;
        Domain definition = domain.GetDefinition(inactive && isPersistent, secure: !domain.Connection.IsReadOnly);
        return new VMDomain(definition, domain.Connection.Uri, domain.State, isPersistent);
    }
}
