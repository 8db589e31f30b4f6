using System.Globalization;
using VirtioFs.LibvirtXml.Xml;

namespace VirtioFs.LibvirtXml.FileSystems;

/// <summary>Between <see cref="FileSystem"/> and its element. Writing touches what differs and nothing else.</summary>
internal static class FileSystemXml
{
    /// <summary>The order in which libvirt writes a file system's children (`virDomainFSDefFormat`).</summary>
    private static readonly string[] ChildOrder =
        ["driver", "binary", "source", "target", "idmap", "readonly", "space_hard_limit", "space_soft_limit", "boot", "alias", "acpi", "address"];

    private static readonly string[] BinaryChildOrder = ["cache", "sandbox", "lock", "thread_pool", "openfiles"];

    /// <summary>Every plain attribute, in the order in which libvirt's documentation writes them.</summary>
    private static readonly FileSystemField[] Fields =
    [
        new([], "type", fs => fs.Type),
        new([], "accessmode", fs => Word(fs.AccessMode)),
        new(["driver"], "type", fs => fs.DriverType),
        new(["driver"], "queue", fs => Number(fs.QueueSize)),
        new(["driver"], "iommu", fs => OnOff(fs.Iommu)),
        new(["driver"], "ats", fs => OnOff(fs.Ats)),
        new(["driver"], "packed", fs => OnOff(fs.Packed)),
        new(["driver"], "page_per_vq", fs => OnOff(fs.PagePerVq)),
        new(["binary"], "path", fs => fs.BinaryPath),
        new(["binary"], "xattr", fs => OnOff(fs.Xattr)),
        new(["binary", "cache"], "mode", fs => Word(fs.Cache)),
        new(["binary", "sandbox"], "mode", fs => Word(fs.Sandbox)),
        new(["binary", "lock"], "posix", fs => OnOff(fs.PosixLock)),
        new(["binary", "lock"], "flock", fs => OnOff(fs.Flock)),
        new(["binary", "thread_pool"], "size", fs => Number(fs.ThreadPoolSize)),
        new(["binary", "openfiles"], "max", fs => Number(fs.OpenFilesMax)),
        new(["source"], "dir", fs => fs.SourceDirectory),
        new(["source"], "socket", fs => fs.SourceSocket),
        new(["target"], "dir", fs => fs.Tag),
        new(["boot"], "order", fs => Number(fs.BootOrder)),
        new(["alias"], "name", fs => fs.Alias),
    ];

    public static FileSystem Read(XmlElement element, int index)
    {
        XmlElement? driver = element.Child("driver");
        XmlElement? binary = element.Child("binary");
        XmlElement? source = element.Child("source");
        XmlElement? locks = binary?.Child("lock");
        return new FileSystem
        {
            Index = index,
            Xml = element.ToString(),
            Type = element.Attribute("type"),
            AccessMode = Enumeration<FileSystemAccessMode>(element.Attribute("accessmode")),
            DriverType = driver?.Attribute("type"),
            QueueSize = (int?)Number(driver?.Attribute("queue"), int.MaxValue),
            Iommu = OnOff(driver?.Attribute("iommu")),
            Ats = OnOff(driver?.Attribute("ats")),
            Packed = OnOff(driver?.Attribute("packed")),
            PagePerVq = OnOff(driver?.Attribute("page_per_vq")),
            BinaryPath = binary?.Attribute("path"),
            Xattr = OnOff(binary?.Attribute("xattr")),
            Cache = Enumeration<FileSystemCache>(binary?.Child("cache")?.Attribute("mode")),
            Sandbox = Enumeration<FileSystemSandbox>(binary?.Child("sandbox")?.Attribute("mode")),
            PosixLock = OnOff(locks?.Attribute("posix")),
            Flock = OnOff(locks?.Attribute("flock")),
            ThreadPoolSize = (int?)Number(binary?.Child("thread_pool")?.Attribute("size"), int.MaxValue),
            OpenFilesMax = Number(binary?.Child("openfiles")?.Attribute("max"), long.MaxValue),
            SourceDirectory = source?.Attribute("dir"),
            SourceSocket = source?.Attribute("socket"),
            Tag = element.Child("target")?.Attribute("dir"),
            UidMap = ReadMap(element, "uid"),
            GidMap = ReadMap(element, "gid"),
            ReadOnly = element.Child("readonly") is not null,
            BootOrder = (int?)Number(element.Child("boot")?.Attribute("order"), int.MaxValue),
            Alias = element.Child("alias")?.Attribute("name"),
            Address = ReadAddress(element.Child("address")),
        };
    }

    /// <summary>Every setting by its place in the XML, for comparing two file systems and for saying what a change changes.</summary>
    public static IEnumerable<(string Name, string? Value)> Settings(FileSystem fileSystem) =>
    [
        .. Fields.Select(field => (field.Name, field.Value(fileSystem))),
        ("idmap/uid", Map(fileSystem.UidMap)),
        ("idmap/gid", Map(fileSystem.GidMap)),
        ("readonly", fileSystem.ReadOnly ? "yes" : null),
        ("address", fileSystem.Address?.ToString()),
    ];

    public static XmlNew New(FileSystem fileSystem)
    {
        XmlNew element = new("filesystem");
        foreach (FileSystemField field in Fields.Where(field => field.Path.Length == 0))
        {
            element.With(field.Attribute, field.Value(fileSystem));
        }

        foreach (string child in ChildOrder)
        {
            if (NewChild(fileSystem, child) is XmlNew made)
            {
                element.With(made);
            }
        }

        return element;
    }

    public static void Write(XmlLayout layout, XmlElement element, FileSystem before, FileSystem after)
    {
        foreach (FileSystemField field in Fields.Where(field => field.Value(before) != field.Value(after)))
        {
            WriteField(layout, element, field, field.Value(after));
        }

        bool mapsDiffer = Map(before.UidMap) != Map(after.UidMap) || Map(before.GidMap) != Map(after.GidMap);
        ReplaceWhen(mapsDiffer, "idmap");
        ReplaceWhen(before.ReadOnly != after.ReadOnly, "readonly");
        ReplaceWhen(before.Address != after.Address, "address");

        void ReplaceWhen(bool differs, string child)
        {
            if (!differs)
            {
                return;
            }

            if (element.Child(child) is XmlElement present)
            {
                XmlLayout.Remove(present);
            }

            if (NewChild(after, child) is XmlNew made)
            {
                layout.Add(element, made, Before(ChildOrder, child));
            }
        }
    }

    private static void WriteField(XmlLayout layout, XmlElement element, FileSystemField field, string? value)
    {
        XmlElement place = element;
        foreach (string step in field.Path)
        {
            XmlElement? next = place.Child(step);
            if (next is null && value is null)
            {
                return;
            }

            string[] order = place == element ? ChildOrder : BinaryChildOrder;
            place = next ?? layout.Add(place, new XmlNew(step), Before(order, step));
        }

        layout.SetAttribute(place, field.Attribute, value);
        if (value is null && place != element && place.Attributes.Count == 0 && !place.Children.Any())
        {
            XmlLayout.RemoveWithEmptyParent(place, element);
        }
    }

    private static XmlNew? NewChild(FileSystem fileSystem, string name) => name switch
    {
        "idmap" => NewMap(fileSystem),
        "readonly" => fileSystem.ReadOnly ? new XmlNew(name) : null,
        "address" => NewAddress(fileSystem.Address),
        "binary" => NewBinary(fileSystem),
        _ => NewPlain(fileSystem, [name]),
    };

    private static XmlNew? NewPlain(FileSystem fileSystem, string[] path)
    {
        XmlNew element = new(path[^1]);
        foreach (FileSystemField field in Fields.Where(field => field.Path.SequenceEqual(path)))
        {
            element.With(field.Attribute, field.Value(fileSystem));
        }

        return element.Attributes.Count > 0 ? element : null;
    }

    private static XmlNew? NewBinary(FileSystem fileSystem)
    {
        XmlNew binary = NewPlain(fileSystem, ["binary"]) ?? new XmlNew("binary");
        foreach (string child in BinaryChildOrder)
        {
            if (NewPlain(fileSystem, ["binary", child]) is XmlNew made)
            {
                binary.With(made);
            }
        }

        return binary.Attributes.Count + binary.Children.Count > 0 ? binary : null;
    }

    private static XmlNew? NewMap(FileSystem fileSystem)
    {
        XmlNew map = new("idmap");
        foreach ((string name, IdMapEntry entry) in fileSystem.UidMap.Select(entry => ("uid", entry))
            .Concat(fileSystem.GidMap.Select(entry => ("gid", entry))))
        {
            map.With(new XmlNew(name)
                .With("start", Number(entry.Start))
                .With("target", Number(entry.Target))
                .With("count", Number(entry.Count)));
        }

        return map.Children.Count > 0 ? map : null;
    }

    private static XmlNew? NewAddress(DeviceAddress? address) => address switch
    {
        PciAddress pci => new XmlNew("address")
            .With("type", "pci")
            .With("domain", $"0x{pci.Domain:x4}")
            .With("bus", $"0x{pci.Bus:x2}")
            .With("slot", $"0x{pci.Slot:x2}")
            .With("function", $"0x{pci.Function:x}")
            .With("multifunction", OnOff(pci.Multifunction)),
        CcwAddress { Number: var number } => new XmlNew("address")
            .With("type", "ccw")
            .With("cssid", $"0x{number.Subsystem:x}")
            .With("ssid", $"0x{number.SubchannelSet:x}")
            .With("devno", $"0x{number.Device:x4}"),
        _ => null,
    };

    public static DeviceAddress? ReadAddress(XmlElement? element)
    {
        if (element is null)
        {
            return null;
        }

        string type = element.Attribute("type") ?? string.Empty;
        return type switch
        {
            "pci" when Part("domain", 0, 0xffff) is long domain && Part("bus", 0, 0xff) is long bus
                && Part("slot", 0, 0x1f) is long slot && Part("function", 0, 7) is long function =>
                new PciAddress((ushort)domain, (byte)bus, (byte)slot, (byte)function, OnOff(element.Attribute("multifunction"))),
            "ccw" when Part("cssid", null, 0xfe) is long subsystem && Part("ssid", null, 3) is long set
                && Part("devno", null, 0xffff) is long device =>
                new CcwAddress(new DeviceNumber((byte)set, (ushort)device, (byte)subsystem)),
            _ => new OtherAddress(type, element.ToString()),
        };

        long? Part(string name, long? missing, long maximum) =>
            element.Attribute(name) is string text ? XmlNumber.ReadAnyBase(text, maximum) : missing;
    }

    private static List<IdMapEntry> ReadMap(XmlElement element, string name) =>
        [.. (element.Child("idmap")?.ChildrenNamed(name) ?? [])
            .Select(entry => (Start: Id(entry, "start"), Target: Id(entry, "target"), Count: Id(entry, "count")))
            .Where(entry => entry is { Start: not null, Target: not null, Count: not null })
            .Select(entry => new IdMapEntry(entry.Start!.Value, entry.Target!.Value, entry.Count!.Value))];

    private static uint? Id(XmlElement entry, string attribute) => (uint?)Number(entry.Attribute(attribute), uint.MaxValue);

    private static string? Map(IReadOnlyList<IdMapEntry> map) => map.Count == 0 ? null : string.Join(", ", map);

    private static string[] Before(string[] order, string name) => order[..Array.IndexOf(order, name)];

    private static string? OnOff(bool? value) => value switch
    {
        true => "on",
        false => "off",
        null => null,
    };

    private static bool? OnOff(string? value) => value switch
    {
        "on" => true,
        "off" => false,
        _ => null,
    };

    private static string? Number(long? value) => value?.ToString(CultureInfo.InvariantCulture);

    private static long? Number(string? text, long maximum) =>
        long.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out long number)
        && number <= maximum
            ? number
            : null;

    private static string? Word<T>(T? value)
        where T : struct, Enum => value?.ToString().ToLowerInvariant();

    private static T? Enumeration<T>(string? word)
        where T : struct, Enum
    {
        foreach (T value in Enum.GetValues<T>())
        {
            if (Word<T>(value) == word)
            {
                return value;
            }
        }

        return null;
    }
}
