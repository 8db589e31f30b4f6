using System.Runtime.CompilerServices;
using VirtioFs.DeviceEngine.Control;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Changes;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.Cmdlets;

/// <summary>A domain that has a share as a device, or is to get it.</summary>
internal sealed class DomainShare : IDisposable
{
    private static readonly ConditionalWeakTable<Share, ShareDomain> s_domains = [];

    private readonly LibvirtDomain _domain;
    private readonly ShareAttachment _attachment;
    private readonly string? _connection;
    private bool _wasThere;

    private DomainShare(LibvirtDomain domain, string? connection)
    {
        _domain = domain;
        _attachment = new ShareAttachment(domain);
        _connection = connection;
    }

    private string FullConnection => _connection ?? _domain.Connection.Uri;

    /// <summary>The group that QEMU runs as; null when libvirt does not say, or when it is root.</summary>
    internal uint? QemuGroupId => _attachment.QemuGroupId;

    /// <summary>The domain that a share was started for; null when it was started for none.</summary>
    internal static ShareDomain? Of(IRunningShare share)
    {
        if (share is DetachedShare detached)
        {
            return detached.Domain is { } note ? new ShareDomain(note.Name, note.Connection, note.Uuid) : null;
        }

        return s_domains.TryGetValue((Share)share, out ShareDomain? domain) ? domain : null;
    }

    /// <summary>Whether a share that runs may be given to the domain: it serves one guest, and was started for this one, or for none.</summary>
    internal bool MayHave(DetachedShare share) => share.Domain is not { } note
        || (note.Connection == FullConnection && (note.Uuid == _domain.Uuid || note.Name == _domain.Name));

    /// <summary>Keeps which domain a share was started for. A detached one keeps the connection's full name: another session has another default.</summary>
    /// <exception cref="IOException">The process of a detached share does not answer.</exception>
    internal static void Remember(IRunningShare share, DomainShare guest) => Remember(
        share,
        new ShareDomain(guest._domain.Name, share.IsDetached ? guest.FullConnection : guest._connection, guest._domain.Uuid));

    /// <summary>Keeps that a share was started for the domain of a former one.</summary>
    /// <exception cref="IOException">The process of a detached share does not answer.</exception>
    internal static void Remember(IRunningShare share, ShareDomain domain)
    {
        if (share is DetachedShare detached)
        {
            detached.Remember(new DomainNote(domain.Name, domain.Connection, domain.Uuid));
        }
        else
        {
            s_domains.AddOrUpdate((Share)share, domain);
        }
    }

    /// <summary>Finds the domain.</summary>
    /// <exception cref="LibvirtXmlException">The domain is not there.</exception>
    internal static DomainShare Find(ShareDomain domain, CancellationToken cancellation) => new(domain.Find(cancellation), domain.Connection);

    /// <summary>The socket of the domain's device of this tag; null where there is none.</summary>
    internal string? SocketOf(string tag) => _attachment.Find(tag)?.SourceSocket;

    /// <summary>What will be changed, for the question before it.</summary>
    internal string Describe(string tag)
    {
        string place = $"the domain '{_domain.Name}' at {_domain.Connection.Uri}";
        return _attachment.Find(tag) is not null
            ? $"let {place} connect, which has the device already"
            : _domain.IsActive ? $"plug it into {place}, which is running" : $"add it to the definition of {place}";
    }

    /// <summary>Checks what can be checked before the share starts: the domain's memory, the tag, the settings of a device that is there.</summary>
    /// <exception cref="LibvirtXmlException">The domain could not take the share.</exception>
    internal void Require(ShareOptions options)
    {
        try
        {
            _wasThere = _attachment.Require(Device(options));
        }
        catch (DomainRuleException exception)
        {
            exception.Advice = exception.ErrorId switch
            {
                "DuplicateTag" => $"Leave -Socket out so that the device's own is used, or remove the device with Remove-VMFileSystem {_domain.Name} {options.Tag}.",
                "QueueSizeTooSmall" => "Leave -QueueSize out, or give the size of the device.",
                _ => null,
            };
            throw;
        }
    }

    /// <summary>Gives the domain the device, unless it has it: the running guest and the definition, or the definition alone.</summary>
    /// <exception cref="LibvirtXmlException">libvirt refuses; the domain is as it was.</exception>
    internal void Connect(ShareOptions options) => _attachment.Attach(Device(options));

    /// <summary>What a user has to know once the share runs; null when there is nothing.</summary>
    internal string? Advice(string tag) => _wasThere && _attachment.IsPlugged(tag)
        ? $"The running guest '{_domain.Name}' had the device '{tag}' before this share was started, and QEMU does not connect again: restart the guest with Stop-VMDomain and Start-VMDomain."
        : null;

    /// <summary>Takes the device out of the running guest and the definition.</summary>
    /// <exception cref="LibvirtXmlException">libvirt refuses, or the guest does not let the device go.</exception>
    internal void Disconnect(string tag) => _attachment.Detach(tag);

    /// <summary>Lets go of the domain.</summary>
    public void Dispose() => _domain.Dispose();

    private static LibvirtXml.FileSystems.FileSystem Device(ShareOptions options) =>
        new() { Tag = options.Tag, SourceSocket = options.SocketPath, QueueSize = DeviceQueueSize.Of(options.QueueSize) };
}
