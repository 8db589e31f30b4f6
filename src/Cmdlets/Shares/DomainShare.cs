using System.Globalization;
using System.Text.RegularExpressions;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>A domain that a share is about to be connected to.</summary>
internal sealed partial class DomainShare : IDisposable
{
    private readonly LibvirtDomain _domain;

    private DomainShare(LibvirtDomain domain)
    {
        _domain = domain;
    }

    /// <summary>What will be changed, for the question before it.</summary>
    public string Description => _domain.IsActive
        ? $"plug it into the running domain '{_domain.Name}' at {_domain.Connection.Uri}"
        : $"add it to the definition of the domain '{_domain.Name}' at {_domain.Connection.Uri}";

    /// <summary>The group that QEMU runs as; null when libvirt does not say, or when it is root.</summary>
    public uint? QemuGroupId
    {
        get
        {
            Match label = DacLabel().Match(_domain.Connection.GetCapabilities());
            return label.Success && uint.Parse(label.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) is var group and not 0 ? group : null;
        }
    }

    /// <summary>Finds the domain, and checks what can be checked before the share starts: its memory, the tag, the settings.</summary>
    /// <exception cref="LibvirtXmlException">The domain is not there, or could not take the share.</exception>
    internal static DomainShare Find(string name, string? connection, string tag, string socket, CancellationToken cancellation)
    {
        DomainShare found = new(ConnectionCache.Get(connection, cancellation).GetDomain(name));
        try
        {
            Domain definition = found._domain.GetDefinition();
            SharedMemoryResult memory = definition.MemoryBacking.TestShared();
            if (!memory.IsShared)
            {
                throw new DomainRuleException("SharedMemoryRequired", $"The domain '{name}' cannot take the share '{tag}': {memory.Message}");
            }

            definition.AddFileSystem(Device(tag, socket));
            return found;
        }
        catch
        {
            found.Dispose();
            throw;
        }
    }

    /// <summary>Gives the domain the device: the running guest and the definition, or the definition alone.</summary>
    /// <exception cref="LibvirtXmlException">libvirt refuses; the domain is as it was.</exception>
    internal void Connect(string tag, string socket)
    {
        LibvirtXml.FileSystem device = Device(tag, socket);
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

    /// <summary>Lets go of the domain.</summary>
    public void Dispose() => _domain.Dispose();

    private static LibvirtXml.FileSystem Device(string tag, string socket) => new() { Tag = tag, SourceSocket = socket };

    /// <summary>libvirt's capabilities name the user and group of QEMU: `&lt;baselabel type='kvm'&gt;+64055:+108&lt;/baselabel&gt;`.</summary>
    [GeneratedRegex(@"<model>dac</model>.*?<baselabel[^>]*>\+[0-9]+:\+([0-9]+)</baselabel>", RegexOptions.Singleline)]
    private static partial Regex DacLabel();
}
