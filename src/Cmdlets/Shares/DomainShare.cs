using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using VirtioFs.DeviceEngine;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>A domain that has a share as a device, or is to get it.</summary>
internal sealed partial class DomainShare : IDisposable
{
    private static readonly ConditionalWeakTable<Share, ShareDomain> s_domains = [];

    private readonly LibvirtDomain _domain;
    private readonly string? _connection;
    private bool _wasThere;

    private DomainShare(LibvirtDomain domain, string? connection) => (_domain, _connection) = (domain, connection);

    /// <summary>The group that QEMU runs as; null when libvirt does not say, or when it is root.</summary>
    internal uint? QemuGroupId
    {
        get
        {
            Match label = DacLabel().Match(_domain.Connection.GetCapabilities());
            return label.Success && uint.Parse(label.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) is var group and not 0 ? group : null;
        }
    }

    /// <summary>The domain that a share was started for; null when it was started for none.</summary>
    internal static ShareDomain? Of(Share share) => s_domains.TryGetValue(share, out ShareDomain? domain) ? domain : null;

    /// <summary>Keeps which domain a share was started for.</summary>
    internal static void Remember(Share share, DomainShare guest) => s_domains.AddOrUpdate(share, new ShareDomain(guest._domain.Name, guest._connection));

    /// <summary>Finds the domain.</summary>
    /// <exception cref="LibvirtXmlException">The domain is not there.</exception>
    internal static DomainShare Find(string name, string? connection, CancellationToken cancellation)
    {
        string? uri = string.IsNullOrEmpty(connection) ? null : connection;
        return new DomainShare(ConnectionCache.Get(uri, cancellation).GetDomain(name), uri);
    }

    /// <summary>The socket of the domain's device of this tag; null where there is none.</summary>
    internal string? SocketOf(string tag) => Present(tag)?.SourceSocket;

    /// <summary>What will be changed, for the question before it.</summary>
    internal string Describe(string tag)
    {
        string place = $"the domain '{_domain.Name}' at {_domain.Connection.Uri}";
        return Present(tag) is not null
            ? $"let {place} connect, which has the device already"
            : _domain.IsActive ? $"plug it into {place}, which is running" : $"add it to the definition of {place}";
    }

    /// <summary>Checks what can be checked before the share starts: the domain's memory, the tag, the settings of a device that is there.</summary>
    /// <exception cref="LibvirtXmlException">The domain could not take the share.</exception>
    internal void Require(ShareOptions options)
    {
        Domain definition = _domain.GetDefinition();
        SharedMemoryResult memory = definition.MemoryBacking.TestShared();
        if (!memory.IsShared)
        {
            throw new DomainRuleException("SharedMemoryRequired", $"The domain '{_domain.Name}' cannot take the share '{options.Tag}': {memory.Message}");
        }

        if (Present(options.Tag) is not { } present)
        {
            definition.AddFileSystem(Device(options));
            return;
        }

        RequireSame(present, options);
    }

    /// <summary>Gives the domain the device, unless it has it: the running guest and the definition, or the definition alone.</summary>
    /// <exception cref="LibvirtXmlException">libvirt refuses; the domain is as it was.</exception>
    internal void Connect(ShareOptions options)
    {
        if (Present(options.Tag) is not null)
        {
            return;
        }

        LibvirtXml.FileSystem device = Device(options);
        if (_domain.IsActive && LiveFileSystems.CanPlug(_domain))
        {
            LiveFileSystems.RequirePluggable(_domain, device);
            _domain.AttachDevice(device.ToXml(), LiveFileSystems.ScopeOf(_domain));
            return;
        }

        Domain definition = _domain.GetDefinition(inactive: _domain.IsPersistent, secure: true);
        definition.AddFileSystem(device);
        _domain.Connection.Define(definition).Dispose();
    }

    /// <summary>What a user has to know once the share runs; null when there is nothing.</summary>
    internal string? Advice(string tag) => _wasThere && _domain.IsActive && LiveFileSystems.CanPlug(_domain) && Find(_domain.GetDefinition(), tag) is not null
        ? $"The running guest '{_domain.Name}' had the device '{tag}' before this share was started, and QEMU does not connect again: restart the guest with Stop-VMDomain and Start-VMDomain."
        : null;

    /// <summary>Takes the device out of the running guest and the definition.</summary>
    /// <exception cref="LibvirtXmlException">libvirt refuses, or the guest does not let the device go.</exception>
    internal void Disconnect(string tag, CancellationToken cancellation)
    {
        if (_domain.IsActive && LiveFileSystems.CanPlug(_domain) && Find(_domain.GetDefinition(), tag) is { } plugged)
        {
            bool isDefined = _domain.IsPersistent && Find(_domain.GetDefinition(inactive: true), tag) is not null;
            LiveFileSystems.Remove(_domain, plugged, isDefined, cancellation);
            return;
        }

        Domain definition = _domain.GetDefinition(inactive: _domain.IsPersistent, secure: true);
        if (Find(definition, tag) is { } present)
        {
            definition.RemoveFileSystem(present);
            _domain.Connection.Define(definition).Dispose();
        }
    }

    /// <summary>Lets go of the domain.</summary>
    public void Dispose() => _domain.Dispose();

    private LibvirtXml.FileSystem? Present(string tag) =>
        Find(_domain.GetDefinition(), tag) ?? (_domain.IsPersistent ? Find(_domain.GetDefinition(inactive: true), tag) : null);

    private static LibvirtXml.FileSystem? Find(Domain definition, string tag) =>
        definition.FileSystems.FirstOrDefault(device => device.Tag == tag && device.IsVirtioFs);

    private void RequireSame(LibvirtXml.FileSystem present, ShareOptions options)
    {
        _wasThere = true;
        if (present.SourceSocket != options.SocketPath)
        {
            throw new DomainRuleException(
                "DuplicateTag",
                $"The domain '{_domain.Name}' has a file system '{options.Tag}' already, of {(present.SourceSocket is null ? $"the directory '{present.SourceDirectory}'" : $"the socket '{present.SourceSocket}'")}. " +
                $"Choose another -Tag, leave -Socket out so that the device's own is used, or remove the device with Remove-VMFileSystem {_domain.Name} {options.Tag}.");
        }

        int wanted = present.QueueSize ?? LibvirtXml.FileSystem.DefaultQueueSize;
        if (wanted > options.QueueSize)
        {
            throw new DomainRuleException(
                "QueueSizeTooSmall",
                $"The device '{options.Tag}' of the domain '{_domain.Name}' has queues of {wanted} entries, but the share would offer {options.QueueSize}, so the guest would hang. " +
                $"Give -QueueSize {wanted}, or leave it out.");
        }
    }

    private static LibvirtXml.FileSystem Device(ShareOptions options) =>
        new() { Tag = options.Tag, SourceSocket = options.SocketPath, QueueSize = DeviceQueueSize.Of(options.QueueSize) };

    /// <summary>libvirt's capabilities name the user and group of QEMU: `&lt;baselabel type='kvm'&gt;+64055:+108&lt;/baselabel&gt;`.</summary>
    [GeneratedRegex(@"<model>dac</model>.*?<baselabel[^>]*>\+[0-9]+:\+([0-9]+)</baselabel>", RegexOptions.Singleline)]
    private static partial Regex DacLabel();
}
