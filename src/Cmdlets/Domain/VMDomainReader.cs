using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Makes the object that the cmdlets emit from what libvirt knows.</summary>
internal static class VMDomainReader
{
    internal static VMDomain Read(LibvirtDomain domain, bool inactive)
    {
        // The revision is read first: a change in between makes it too old, which is noticed later, and never too young.
        DomainRevision revision = DomainRevision.Read(domain);
        Domain definition = domain.GetDefinition(inactive && revision.IsPersistent, secure: !domain.Connection.IsReadOnly);
        return new VMDomain(definition, domain.Connection.Uri, domain.State, revision.IsPersistent) { Revision = revision };
    }
}
