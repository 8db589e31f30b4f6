using VirtioFs.LibvirtXml.Connection;
using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Host;

namespace VirtioFs.LibvirtXml.Changes;

/// <summary>A domain that has the device of a share, or is to get it: its needs, and the device's way in and out.</summary>
/// <param name="domain">The domain; it stays the caller's.</param>
public sealed class ShareAttachment(LibvirtDomain domain)
{
    private readonly LiveFileSystems _guest = new(domain);

    /// <summary>Whether the running guest gets the device at once; otherwise its definition does, for the next start.</summary>
    /// <exception cref="LibvirtException">libvirt reports an error.</exception>
    public bool IsPluggable => domain.IsActive && _guest.CanPlug;

    /// <summary>The group that QEMU runs as, which has to reach the share's socket; null when libvirt does not say, or when it is root.</summary>
    /// <exception cref="LibvirtException">libvirt reports an error.</exception>
    public uint? QemuGroupId => HostCapabilities.Parse(domain.Connection.GetCapabilities()).QemuGroupId is uint group and not 0 ? group : null;

    /// <summary>The virtio-fs device of a tag, in the running guest or else in the stored definition; null when there is none.</summary>
    /// <param name="tag">The tag.</param>
    /// <returns>The device.</returns>
    /// <exception cref="LibvirtException">The domain is gone, or libvirt reports an error.</exception>
    public FileSystem? Find(string tag)
    {
        DomainReading reading = DomainReading.Read(domain);
        return Find(reading.Running, tag) ?? Find(reading.Stored, tag);
    }

    /// <summary>Whether the running guest has a device of a tag. QEMU does not connect again to a share that was stopped.</summary>
    /// <param name="tag">The tag.</param>
    /// <returns>Whether it has.</returns>
    /// <exception cref="LibvirtException">The domain is gone, or libvirt reports an error.</exception>
    public bool IsPlugged(string tag) => IsPluggable && Find(domain.GetDefinition(), tag) is not null;

    /// <summary>Checks what can be checked before the share listens: the domain's memory, the tag, the settings of a device that is there.</summary>
    /// <param name="device">The share's device.</param>
    /// <returns>Whether the domain has the device already.</returns>
    /// <exception cref="DomainRuleException">The domain could not take the share.</exception>
    /// <exception cref="LibvirtException">The domain is gone, or libvirt reports an error.</exception>
    public bool Require(FileSystem device)
    {
        ArgumentNullException.ThrowIfNull(device);
        DomainReading reading = DomainReading.Read(domain);
        Domain definition = (reading.Running ?? reading.Stored)!;
        definition.MemoryBacking.TestShared().Require($"The domain '{domain.Name}' cannot take the share '{device.Tag}'");
        if ((Find(reading.Running, device.Tag) ?? Find(reading.Stored, device.Tag)) is FileSystem present)
        {
            RequireSame(present, device);
            return true;
        }

        definition.AddFileSystem(device);
        if (!IsPluggable)
        {
            // Refuses a transient domain now, and not when the share is there.
            using DomainChange change = DomainChange.Edit(domain);
        }

        return false;
    }

    /// <summary>Gives the domain the device, unless it has it: the running guest and the definition, or the definition alone.</summary>
    /// <param name="device">The share's device; the share listens.</param>
    /// <exception cref="LibvirtXmlException">libvirt refuses; the domain is as it was.</exception>
    public void Attach(FileSystem device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (Find(device.Tag!) is not null)
        {
            return;
        }

        if (IsPluggable)
        {
            _guest.Plug(device);
            return;
        }

        using DomainChange change = DomainChange.Edit(domain);
        change.Apply(definition => definition.AddFileSystem(device));
        change.Commit().Dispose();
    }

    /// <summary>Takes the device of a tag out of the running guest and the definition, wherever it is.</summary>
    /// <param name="tag">The tag.</param>
    /// <exception cref="LibvirtXmlException">libvirt refuses, or the guest does not let the device go.</exception>
    public void Detach(string tag)
    {
        if (IsPluggable && Find(domain.GetDefinition(), tag) is FileSystem plugged)
        {
            _guest.Unplug(plugged);
            return;
        }

        if (!domain.IsPersistent)
        {
            return;
        }

        using DomainChange change = DomainChange.Edit(domain);
        if (Find(change.Definition, tag) is null)
        {
            return;
        }

        change.Apply(definition => definition.RemoveFileSystem(definition.GetFileSystem(tag)));
        change.Commit().Dispose();
    }

    private static FileSystem? Find(Domain? definition, string? tag) =>
        definition?.FileSystems.FirstOrDefault(device => device.Tag == tag && device.IsVirtioFs);

    private void RequireSame(FileSystem present, FileSystem device)
    {
        if (present.SourceSocket != device.SourceSocket)
        {
            string source = present.SourceSocket is null ? $"the directory '{present.SourceDirectory}'" : $"the socket '{present.SourceSocket}'";
            throw new DomainRuleException(
                "DuplicateTag", $"The domain '{domain.Name}' has a file system '{device.Tag}' already, of {source}. Choose another tag.", ErrorKind.AlreadyExists);
        }

        int wanted = present.QueueSize ?? FileSystem.DefaultQueueSize;
        if (wanted > (device.QueueSize ?? FileSystem.DefaultQueueSize))
        {
            throw new DomainRuleException(
                "QueueSizeTooSmall",
                $"The device '{device.Tag}' of the domain '{domain.Name}' has queues of {wanted} entries, but the share would offer {device.QueueSize}, so the guest would hang. " +
                "Let the share offer as many.");
        }
    }
}
