using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.Cmdlets;

/// <summary>Where a domain lives while a cmdlet changes it: an object, a file, or libvirt.</summary>
internal abstract class DomainTarget
{
    protected DomainTarget(Domain definition)
    {
        Definition = definition;
        Before = definition.Copy();
    }

    /// <summary>The definition as it was read.</summary>
    protected Domain Before { get; }

    /// <summary>The definition to change; nothing outside sees it before <see cref="Commit"/>.</summary>
    public virtual Domain Definition { get; }

    /// <summary>The domain and its place, for messages.</summary>
    public abstract string Description { get; }

    /// <summary>The connection that it comes from; null for a file or a text.</summary>
    public virtual string? Connection => null;

    /// <summary>The file that it comes from; null for libvirt or a text.</summary>
    public virtual string? Path => null;

    /// <summary>Whether the guest runs now, so that a change of the definition waits for its next start.</summary>
    public virtual bool IsRunning => false;

    /// <summary>What the running guest has; null when none runs, or when that is not known.</summary>
    public virtual Domain? GetRunning() => null;

    /// <summary>The same domain as it is in its place now, so that a change builds on what others have changed since, and one that was declined leaves nothing behind.</summary>
    /// <param name="find">Finds a domain of libvirt again, on a connection of the cmdlet that runs now.</param>
    /// <param name="load">Reads a file again.</param>
    public abstract DomainTarget Again(Func<DomainIdentity, LibvirtDomain> find, Func<string, DomainFile> load);

    /// <summary>Changes the definition. A change is made once more where others have changed the domain before <see cref="Commit"/>.</summary>
    /// <param name="change">The change, which depends on nothing but its argument.</param>
    public virtual ChangeResult Apply(Func<Domain, ChangeResult> change) => change(Definition);

    /// <summary>Puts the changed definition in its place, wholly or not at all.</summary>
    /// <param name="cancellation">Ends the wait for others who change the same file.</param>
    /// <returns>What to know about it.</returns>
    public abstract IReadOnlyList<Advice> Commit(CancellationToken cancellation);

    /// <summary>Undoes <see cref="Commit"/>.</summary>
    public abstract void TakeBack();

    /// <summary>The domain as the cmdlets emit it.</summary>
    public abstract VMDomain ToObject();
}
