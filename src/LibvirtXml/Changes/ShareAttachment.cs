namespace VirtioFs.LibvirtXml;

/// <summary>A domain that is about to get the device of a share: its needs are checked before the share starts, and the device is added after.</summary>
public sealed class ShareAttachment
{
    private readonly LibvirtDomain _domain;
    private readonly FileSystem _device;

    private ShareAttachment(LibvirtDomain domain, FileSystem device, bool isPlugged)
    {
        _domain = domain;
        _device = device;
        IsPlugged = isPlugged;
    }

    /// <summary>Whether the running guest gets the device at once; otherwise its definition does, for the next start.</summary>
    public bool IsPlugged { get; }

    /// <summary>The group that QEMU runs as, which has to reach the share's socket; null when libvirt does not say, or when it is root.</summary>
    /// <exception cref="LibvirtException">libvirt reports an error.</exception>
    public uint? QemuGroupId => HostCapabilities.Parse(_domain.Connection.GetCapabilities()).QemuGroupId is uint group and not 0 ? group : null;

    /// <summary>Checks what can be checked before the share listens: the domain's memory, the tag, the settings.</summary>
    /// <param name="domain">The domain; it stays the caller's.</param>
    /// <param name="tag">The share's tag.</param>
    /// <param name="socket">The share's socket.</param>
    /// <returns>The attachment.</returns>
    /// <exception cref="DomainRuleException">The domain could not take the share.</exception>
    /// <exception cref="LibvirtException">The domain is gone, or libvirt reports an error.</exception>
    public static ShareAttachment Plan(LibvirtDomain domain, string tag, string socket)
    {
        ArgumentNullException.ThrowIfNull(domain);
        FileSystem device = new() { Tag = tag, SourceSocket = socket };
        Domain definition = domain.GetDefinition();
        SharedMemoryResult memory = definition.MemoryBacking.TestShared();
        if (!memory.IsShared)
        {
            throw new DomainRuleException("SharedMemoryRequired", $"The domain '{domain.Name}' cannot take the share '{tag}': {memory.Message}", ErrorKind.InvalidState);
        }

        definition.AddFileSystem(device);
        bool isPlugged = domain.IsActive && new LiveFileSystems(domain).CanPlug;
        if (!isPlugged)
        {
            // Refuses a transient domain now, and not when the share is there.
            using DomainChange change = DomainChange.Edit(domain);
        }

        return new ShareAttachment(domain, device, isPlugged);
    }

    /// <summary>Gives the domain the device, now that the share listens.</summary>
    /// <exception cref="LibvirtXmlException">The domain is as it was.</exception>
    public void Attach()
    {
        if (IsPlugged)
        {
            new LiveFileSystems(_domain).Plug(_device);
            return;
        }

        using DomainChange change = DomainChange.Edit(_domain);
        change.Apply(domain => domain.AddFileSystem(_device));
        change.Commit().Dispose();
    }
}
