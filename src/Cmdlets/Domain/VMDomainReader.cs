using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Changes;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.Cmdlets;

/// <summary>Makes the object that the cmdlets emit from what libvirt knows.</summary>
internal static class VMDomainReader
{
    internal static VMDomain Read(LibvirtDomain domain, bool inactive)
    {
        DomainReading reading = DomainReading.Read(domain);
        Domain definition = (inactive ? reading.Stored ?? reading.Running : reading.Running ?? reading.Stored)!;
        return new VMDomain(definition, domain.Connection.Uri, reading.State, reading.Stored is not null) { Revision = reading.Revision };
    }
}
