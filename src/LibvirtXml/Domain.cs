using System.Globalization;
using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Memory;
using VirtioFs.LibvirtXml.Xml;

namespace VirtioFs.LibvirtXml;

/// <summary>
/// A virtual machine's definition: an object over its XML text. What is not changed is written back character for character:
/// order, comments, namespaces, quotation marks and line ends included. A change that fails leaves the domain as it was.
/// Not safe for use by several threads at once.
/// </summary>
public sealed partial class Domain
{
    private XmlDocument _document;

    private Domain(string xml, string originalXml, CancellationToken cancellationToken = default)
    {
        _document = DomainXml.Parse(xml, cancellationToken);
        OriginalXml = originalXml;
        Xml = xml;
    }

    /// <summary>The domain's XML as it is now.</summary>
    public string Xml { get; private set; }

    /// <summary>
    /// The XML as it may be shown: <c>*****</c> stands in the place of each password (<c>passwd</c> attributes, cookies of network disks, and what
    /// its name tells in qemu:commandline, systemd's credentials and metadata).
    /// No connection defines a domain from it.
    /// </summary>
    public string PublicXml => DomainSecrets.Hide(Xml);

    /// <summary>Whether <see cref="Xml"/> has a password in it.</summary>
    public bool HasSecrets => DomainSecrets.Has(Root);

    /// <summary>Whether libvirt has left passwords out, since the domain was read on a connection for reading only. Nobody can tell whether it has any.</summary>
    public bool IsWithoutSecrets { get; internal set; }

    /// <summary>The XML that the domain was read from.</summary>
    public string OriginalXml { get; }

    /// <summary>Whether <see cref="Xml"/> differs from <see cref="OriginalXml"/>.</summary>
    public bool IsChanged => Xml != OriginalXml;

    /// <summary>The name as libvirt has it, with every blank; null when the XML has none.</summary>
    public string? Name => Root.Child("name")?.Value;

    /// <summary>The UUID; null when the XML has none or a malformed one.</summary>
    public Guid? Uuid => Guid.TryParse(Root.Child("uuid")?.Value.Trim(), out Guid uuid) ? uuid : null;

    /// <summary>The title; null when the XML has none.</summary>
    public string? Title => Root.Child("title")?.Value;

    /// <summary>The hypervisor: <c>kvm</c>, <c>qemu</c>, <c>test</c>, ….</summary>
    public string? Hypervisor => Root.Attribute("type");

    /// <summary>The guest's processor architecture, such as <c>x86_64</c> or <c>s390x</c>; null when the XML does not say.</summary>
    public string? Architecture => OsType?.Attribute("arch");

    /// <summary>The machine type, such as <c>pc-q35-7.2</c>; null when the XML does not say.</summary>
    public string? Machine => OsType?.Attribute("machine");

    /// <summary>Whether the guest is of IBM Z: its devices have CCW addresses.</summary>
    public bool IsS390 =>
        Architecture is "s390x" or "s390" || (Machine?.StartsWith("s390-ccw", StringComparison.Ordinal) ?? false);

    /// <summary>The guest's memory; null when the XML does not say, and 0 never.</summary>
    public ByteSize? Memory =>
        Root.Child("memory") is XmlElement memory ? ByteSize.FromLibvirt(memory.Value, memory.Attribute("unit")) : null;

    /// <summary>The most virtual CPUs; 1 when the XML does not say.</summary>
    public int VirtualCpus =>
        int.TryParse(Root.Child("vcpu")?.Value.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : 1;

    /// <summary>The emulator's path; null when the XML does not say.</summary>
    public string? Emulator => Root.Child("devices")?.Child("emulator")?.Value.Trim();

    /// <summary>What the domain says of its memory.</summary>
    public MemoryBacking MemoryBacking => MemoryBackingXml.Read(Root);

    /// <summary>The file systems, in the order of the XML; those that are not virtio-fs included.</summary>
    public IReadOnlyList<FileSystem> FileSystems =>
        [.. FileSystemElements().Select((element, index) => FileSystemXml.Read(element, index))];

    internal XmlElement Root => _document.Root;

    private XmlElement? OsType => Root.Child("os")?.Child("type");

    /// <summary>Reads a domain.</summary>
    /// <param name="xml">The text of a <c>&lt;domain&gt;</c> element, with or without an XML declaration.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The domain.</returns>
    /// <exception cref="DomainXmlException">The text is not well-formed XML, not a domain, or has an element twice that may stand once.</exception>
    public static Domain Parse(string xml, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(xml);
        return new Domain(xml, xml, cancellationToken);
    }

    /// <summary>A second domain with the same XML; changes of the one do not show in the other.</summary>
    /// <returns>The copy, which counts as unchanged.</returns>
    public Domain Copy() => new(Xml, Xml) { IsWithoutSecrets = IsWithoutSecrets };

    /// <summary>A second domain to try changes on; it remembers the same <see cref="OriginalXml"/>.</summary>
    /// <returns>The copy.</returns>
    public Domain Edit() => new(Xml, OriginalXml) { IsWithoutSecrets = IsWithoutSecrets };

    /// <summary>Gives a domain without a UUID one, so that libvirt takes it for the domain that it has already.</summary>
    /// <param name="uuid">The UUID.</param>
    /// <exception cref="DomainRuleException">The domain has another UUID.</exception>
    public void AdoptUuid(Guid uuid)
    {
        if (Uuid is Guid present && present != uuid)
        {
            throw new DomainRuleException(
                "OtherUuid",
                $"The domain '{this}' has the UUID {present}, but libvirt has one of this name with the UUID {uuid}. Give it another name, or remove the <uuid> element to " +
                "change the one that is there.",
                ErrorKind.AlreadyExists);
        }

        if (Root.Child("uuid") is null)
        {
            Rewrite(() => _document.Layout.Add(Root, new XmlNew("uuid").WithText(uuid.ToString()), DomainXml.Before("uuid")));
        }
    }

    /// <summary>Throws when the XML is one that was made to be shown, or was read without its passwords, so that it is not the whole domain.</summary>
    /// <exception cref="DomainRuleException">A mask stands in the place of a password, or libvirt has left passwords out.</exception>
    public void RequireSecrets() => RequireSecrets(areReadAgain: false);

    /// <inheritdoc cref="RequireSecrets()"/>
    /// <param name="areReadAgain">Whether the caller reads them from libvirt itself, so that it matters not that they were left out.</param>
    internal void RequireSecrets(bool areReadAgain)
    {
        if (IsWithoutSecrets && !areReadAgain)
        {
            throw new DomainRuleException(
                "SecretsNotRead",
                $"The domain '{this}' was read on a connection for reading only, where libvirt leaves passwords out, so nobody can tell whether it is whole. Read it on one for " +
                "writing.",
                ErrorKind.PermissionDenied);
        }

        if (DomainSecrets.AreHidden(Root))
        {
            throw new DomainRuleException(
                "SecretsLeftOut",
                $"The XML of the domain '{this}' was written without its passwords: '{DomainSecrets.Mask}' stands in their place. Put the passwords in, or remove the attributes " +
                "for none.",
                ErrorKind.InvalidData);
        }
    }

    /// <summary>Sets how the guest's memory is backed.</summary>
    /// <param name="request">What to set; what it leaves out stays as it is.</param>
    /// <returns>What was changed, and what to know about it.</returns>
    /// <exception cref="DomainRuleException">libvirt or QEMU would refuse the result; the domain is as it was.</exception>
    public ChangeResult SetMemoryBacking(MemoryBackingRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        MemoryBacking before = MemoryBacking;
        List<Advice> warnings = [];
        MemoryBacking after = MemoryBackingRules.Apply(this, before, request, warnings);
        Rewrite(() => MemoryBackingXml.Write(_document, before, after));
        return new ChangeResult(Change.Between(MemoryBackingXml.Settings(before), MemoryBackingXml.Settings(after)), warnings);
    }

    internal void SetMemoryBacking(MemoryBacking wanted) => Rewrite(() => MemoryBackingXml.Write(_document, MemoryBacking, wanted));

    /// <summary>Adds a virtio-fs device behind the file systems that are there.</summary>
    /// <param name="fileSystem">The device.</param>
    /// <returns>What was changed, and what to know about it.</returns>
    /// <exception cref="DomainRuleException">libvirt or QEMU would refuse the result; the domain is as it was.</exception>
    public ChangeResult AddFileSystem(FileSystem fileSystem)
    {
        ArgumentNullException.ThrowIfNull(fileSystem);
        FileSystem added = fileSystem with { Index = -1 };
        FileSystemRules.Check(this, added);
        List<Advice> warnings = [.. FileSystemRules.Warn(this, added)];
        Rewrite(() =>
        {
            XmlElement devices = Root.Child("devices") ?? _document.Layout.Add(Root, new XmlNew("devices"), DomainXml.Before("devices"));
            _document.Layout.Add(devices, FileSystemXml.New(added), DeviceOrder.UpToFileSystem);
        });
        return new ChangeResult([new Change($"file system '{added.Tag}'", null, Describe(added))], warnings);
    }

    /// <summary>Changes a virtio-fs device; what differs between the two objects is written, and nothing else.</summary>
    /// <param name="present">The device as <see cref="FileSystems"/> shows it.</param>
    /// <param name="changed">The device as it shall be.</param>
    /// <returns>What was changed, and what to know about it.</returns>
    /// <exception cref="DomainRuleException">The device is not there, or libvirt or QEMU would refuse the result; the domain is as it was.</exception>
    public ChangeResult SetFileSystem(FileSystem present, FileSystem changed)
    {
        ArgumentNullException.ThrowIfNull(present);
        ArgumentNullException.ThrowIfNull(changed);
        (FileSystem before, XmlElement element) = Find(present);
        RequireVirtioFs(before, "change");
        FileSystem after = changed with { Index = before.Index };
        FileSystemRules.Check(this, after, before);
        List<Advice> warnings = [.. FileSystemRules.Warn(this, after)];
        Rewrite(() => FileSystemXml.Write(_document.Layout, element, before, after));
        return new ChangeResult(Change.Between(FileSystemXml.Settings(before), FileSystemXml.Settings(after)), warnings);
    }

    /// <summary>Removes a file system.</summary>
    /// <param name="present">The device as <see cref="FileSystems"/> shows it.</param>
    /// <returns>What was changed.</returns>
    /// <exception cref="DomainRuleException">The device is not there.</exception>
    public ChangeResult RemoveFileSystem(FileSystem present)
    {
        ArgumentNullException.ThrowIfNull(present);
        (FileSystem before, XmlElement element) = Find(present);
        Rewrite(() => XmlLayout.Remove(element));
        return new ChangeResult([new Change($"file system '{before.Tag}'", Describe(before), null)], []);
    }

    /// <summary>Finds a virtio-fs device by its tag.</summary>
    /// <param name="tag">The tag.</param>
    /// <returns>The device.</returns>
    /// <exception cref="DomainRuleException">The domain has no such device.</exception>
    public FileSystem GetFileSystem(string tag) =>
        FileSystems.FirstOrDefault(fileSystem => fileSystem.Tag == tag) ?? throw NotThere(tag);

    /// <summary>Finds a device again that was seen before. Of several with one tag, which libvirt refuses and a file may have, it is the very one.</summary>
    /// <param name="seen">The device as it was.</param>
    /// <returns>The device as it is now; its settings may have been changed.</returns>
    /// <exception cref="DomainRuleException">The domain has no such device, or another one has its tag now.</exception>
    public FileSystem GetFileSystem(FileSystem seen)
    {
        ArgumentNullException.ThrowIfNull(seen);
        FileSystem[] found = [.. FileSystems.Where(fileSystem => fileSystem.Tag == seen.Tag)];
        FileSystem? same = found.FirstOrDefault(device => device.Equals(seen) && device.Index == seen.Index) ?? found.FirstOrDefault(device => device.Equals(seen))
            ?? (found is [FileSystem only] && IsOneSource(only, seen) ? only : null);
        return same ?? (found.Length == 0 ? throw NotThere(seen.Tag) : throw new DomainRuleException(
            "DomainChanged",
            $"The file system '{seen}' of the domain '{this}' has been replaced by {string.Join(", ", found.Select(device => $"'{device}'"))} since it was read, so nothing was " +
            "changed. Read it again, and repeat the change.",
            ErrorKind.Conflict));
    }

    /// <summary>The name, or a hint that there is none.</summary>
    /// <returns>The name.</returns>
    public override string ToString() => Name ?? "(domain without a name)";

    /// <summary>The XML as it is handed over: with its passwords, and as the UTF-8 that every call of libvirt takes.</summary>
    /// <exception cref="DomainRuleException">A mask stands in the place of a password.</exception>
    internal string XmlForLibvirt()
    {
        RequireSecrets();
        return XmlEncoding.WithoutDeclaration(Xml);
    }

    internal IEnumerable<XmlElement> FileSystemElements() => Root.Child("devices")?.ChildrenNamed("filesystem") ?? [];

    private static string Describe(FileSystem fileSystem) => string.Join(
        ", ",
        FileSystemXml.Settings(fileSystem).Where(setting => setting.Value is not null).Select(setting => $"{setting.Name}={setting.Value}"));

    private static bool IsOneSource(FileSystem one, FileSystem other) =>
        (one.DriverType, one.SourceDirectory, one.SourceSocket) == (other.DriverType, other.SourceDirectory, other.SourceSocket);

    private static void RequireVirtioFs(FileSystem fileSystem, string verb)
    {
        if (!fileSystem.IsVirtioFs)
        {
            throw new DomainRuleException(
                "NotVirtioFs",
                $"The file system '{fileSystem.Tag}' has the driver '{fileSystem.DriverType ?? "path"}' and not virtiofs, so it is not one to {verb} " +
                "here. Remove it and add a virtio-fs device with the same tag.");
        }
    }

    private (FileSystem Before, XmlElement Element) Find(FileSystem wanted)
    {
        XmlElement[] elements = [.. FileSystemElements()];
        FileSystem[] present = [.. elements.Select((element, index) => FileSystemXml.Read(element, index))];
        int index = wanted.Index >= 0 && wanted.Index < present.Length && present[wanted.Index].Tag == wanted.Tag
            ? wanted.Index
            : Array.FindIndex(present, fileSystem => fileSystem.Tag == wanted.Tag);
        return index < 0 ? throw NotThere(wanted.Tag) : (present[index], elements[index]);
    }

    private DomainRuleException NotThere(string? tag)
    {
        string[] tags = [.. FileSystems.Select(fileSystem => $"'{fileSystem.Tag}'")];
        string known = tags.Length == 0 ? "It has no file systems." : $"It has {string.Join(", ", tags)}.";
        return new DomainRuleException("FileSystemNotFound", $"The domain '{this}' has no file system with the tag '{tag}'. {known}", ErrorKind.NotFound);
    }

    private void Rewrite(Action edit)
    {
        try
        {
            edit();
            string xml = _document.ToString();
            _document = DomainXml.Parse(xml);
            Xml = xml;
        }
        catch
        {
            _document = DomainXml.Parse(Xml);
            throw;
        }
    }
}
