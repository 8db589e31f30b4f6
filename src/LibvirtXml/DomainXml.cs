using VirtioFs.LibvirtXml.Xml;

namespace VirtioFs.LibvirtXml;

/// <summary>What holds for every domain's XML: its root, what may stand only once, and the order of its children.</summary>
internal static class DomainXml
{
    /// <summary>The order in which libvirt writes a domain's children (`virDomainDefFormatInternal`).</summary>
    private static readonly string[] ChildOrder =
    [
        "name", "uuid", "genid", "title", "description", "metadata", "maxMemory", "memory", "currentMemory", "blkiotune", "memtune",
        "memoryBacking", "vcpu", "vcpus", "iothreads", "iothreadids", "defaultiothread", "cputune", "numatune", "resource", "sysinfo",
        "bootloader", "bootloader_args", "os", "idmap", "features", "cpu", "clock", "on_poweroff", "on_reboot", "on_crash",
        "on_lockfailure", "pm", "perf", "devices", "seclabel",
    ];

    private static readonly string[] Singles =
        ["name", "uuid", "memory", "currentMemory", "maxMemory", "memoryBacking", "vcpu", "os", "cpu", "devices"];

    public static string[] Before(string name) => ChildOrder[..Array.IndexOf(ChildOrder, name)];

    public static XmlDocument Parse(string xml, CancellationToken cancellationToken = default)
    {
        XmlDocument document = XmlParser.Parse(xml, "The domain", cancellationToken);
        if (document.Root.Name != "domain")
        {
            (int line, int column) = document.PlaceOf(document.Root);
            throw new DomainXmlException(
                "NotADomain",
                $"The root element is <{document.Root.Name}>, but a domain begins with <domain>. Pass what 'virsh dumpxml' writes.",
                line,
                column);
        }

        foreach (string name in Singles)
        {
            RequireSingle(document, document.Root, name);
        }

        if (document.Root.Child("cpu") is XmlElement cpu)
        {
            RequireSingle(document, cpu, "numa");
        }

        return document;
    }

    private static void RequireSingle(XmlDocument document, XmlElement parent, string name)
    {
        XmlElement[] found = [.. parent.ChildrenNamed(name)];
        if (found.Length < 2)
        {
            return;
        }

        (int firstLine, int firstColumn) = document.PlaceOf(found[0]);
        (int line, int column) = document.PlaceOf(found[1]);
        throw new DomainXmlException(
            "DuplicateElement",
            $"The domain has {found.Length} <{name}> elements, and only one is allowed: the first is at line {firstLine}, column " +
            $"{firstColumn}, the second at line {line}, column {column}. Move the content of the second into the first.",
            line,
            column);
    }
}
