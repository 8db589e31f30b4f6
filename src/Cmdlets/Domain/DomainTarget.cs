using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Where a domain lives while a cmdlet changes it: an object, a file, or libvirt.</summary>
internal abstract class DomainTarget
{
    protected DomainTarget(Domain definition)
    {
        Definition = definition;
    }

    /// <summary>The definition to change; nothing outside sees it before <see cref="Commit"/>.</summary>
    public Domain Definition { get; }

    /// <summary>The domain and its place, for messages.</summary>
    public abstract string Description { get; }

    /// <summary>Whether the guest runs now, so that a change of the definition waits for its next start.</summary>
    public virtual bool IsRunning => false;

    /// <summary>Puts the changed definition in its place, wholly or not at all.</summary>
    public abstract void Commit();

    /// <summary>The domain as the cmdlets emit it.</summary>
    public abstract VMDomain ToObject();
}
