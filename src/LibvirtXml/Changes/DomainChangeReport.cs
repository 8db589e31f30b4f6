using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.LibvirtXml.Changes;

/// <summary>What a change of a domain did.</summary>
/// <param name="Domain">The domain; dispose of it.</param>
/// <param name="Revision">What libvirt had right after the change; an object that was given to libvirt counts from there.</param>
/// <param name="Stored">Each setting of the stored definition before and after.</param>
/// <param name="Running">Each device that was plugged into the running guest, or out of it.</param>
/// <param name="IsRunning">Whether the guest runs.</param>
/// <param name="IsAligned">Whether the running guest's devices are those of the definition; otherwise it holds from the next start.</param>
public sealed record DomainChangeReport(
    LibvirtDomain Domain, DomainRevision Revision, IReadOnlyList<Change> Stored, IReadOnlyList<Change> Running, bool IsRunning, bool IsAligned) : IDisposable
{
    /// <summary>Lets go of the domain; libvirt keeps it.</summary>
    public void Dispose() => Domain.Dispose();
}
