using System.Globalization;
using VirtioFs.LibvirtXml.Xml;

namespace VirtioFs.LibvirtXml.Memory;

/// <summary>Between <see cref="MemoryBacking"/> and the domain's elements. Writing touches what differs and nothing else.</summary>
internal static class MemoryBackingXml
{
    /// <summary>The order in which libvirt writes the children (`virDomainMemorybackingFormat`).</summary>
    private static readonly string[] ChildOrder =
        ["hugepages", "nosharepages", "locked", "source", "access", "allocation", "discard"];

    private static readonly string[] CpuChildOrder =
        ["model", "vendor", "microcode", "topology", "cache", "maxphysaddr", "feature"];

    public static MemoryBacking Read(XmlElement domain)
    {
        XmlElement? backing = domain.Child("memoryBacking");
        XmlElement? allocation = backing?.Child("allocation");
        return new MemoryBacking
        {
            Source = ReadSource(backing?.Child("source")?.Attribute("type")),
            Access = ReadAccess(backing?.Child("access")?.Attribute("mode")),
            UsesHugePages = backing?.Child("hugepages") is not null,
            HugePages = [.. (backing?.Child("hugepages")?.ChildrenNamed("page") ?? []).Select(ReadPage).OfType<HugePage>()],
            Allocation = allocation?.Attribute("mode") switch
            {
                "immediate" => MemoryAllocation.Immediate,
                "ondemand" => MemoryAllocation.OnDemand,
                _ => null,
            },
            AllocationThreads = int.TryParse(allocation?.Attribute("threads"), NumberStyles.None, CultureInfo.InvariantCulture, out int threads)
                ? threads
                : null,
            Discard = backing?.Child("discard") is not null,
            Locked = backing?.Child("locked") is not null,
            NoSharePages = backing?.Child("nosharepages") is not null,
            NumaCells = [.. ReadCells(domain)],
        };
    }

    public static IEnumerable<(string Name, string? Value)> Settings(MemoryBacking memory) =>
    [
        ("source", SourceWord(memory.Source)),
        ("access", AccessWord(memory.Access)),
        ("hugepages", memory.UsesHugePages ? string.Join("; ", memory.HugePages.DefaultIfEmpty().Select(page => page?.ToString() ?? "default size")) : null),
        ("allocation", AllocationWord(memory.Allocation)),
        ("allocation threads", memory.AllocationThreads?.ToString(CultureInfo.InvariantCulture)),
        ("discard", memory.Discard ? "yes" : null),
        ("locked", memory.Locked ? "yes" : null),
        ("nosharepages", memory.NoSharePages ? "yes" : null),
        ("NUMA cells", memory.NumaCells.Count == 0 ? null : string.Join("; ", memory.NumaCells.Select(Describe))),
    ];

    public static void Write(XmlDocument document, MemoryBacking before, MemoryBacking after)
    {
        XmlLayout layout = document.Layout;
        XmlElement domain = document.Root;
        WriteFlag("nosharepages", before.NoSharePages, after.NoSharePages);
        WriteFlag("locked", before.Locked, after.Locked);
        WriteFlag("discard", before.Discard, after.Discard);
        WriteAttribute("source", "type", SourceWord(before.Source), SourceWord(after.Source));
        WriteAttribute("access", "mode", AccessWord(before.Access), AccessWord(after.Access));
        WriteAttribute("allocation", "mode", AllocationWord(before.Allocation), AllocationWord(after.Allocation));
        WriteAttribute(
            "allocation",
            "threads",
            before.AllocationThreads?.ToString(CultureInfo.InvariantCulture),
            after.AllocationThreads?.ToString(CultureInfo.InvariantCulture));
        WritePages(layout, domain, before, after);
        WriteCells(layout, domain, before, after);
        RemoveEmpty(domain);

        void WriteFlag(string name, bool was, bool isNow)
        {
            if (was && !isNow)
            {
                XmlLayout.Remove(domain.Child("memoryBacking")!.Child(name)!);
            }
            else if (!was && isNow)
            {
                layout.Add(Backing(layout, domain), new XmlNew(name), Before(name));
            }
        }

        void WriteAttribute(string name, string attribute, string? was, string? isNow)
        {
            if (was == isNow)
            {
                return;
            }

            XmlElement? element = domain.Child("memoryBacking")?.Child(name);
            if (isNow is not null)
            {
                layout.SetAttribute(element ?? layout.Add(Backing(layout, domain), new XmlNew(name), Before(name)), attribute, isNow);
            }
            else if (element is not null)
            {
                layout.SetAttribute(element, attribute, null);
                if (element.Attributes.Count == 0)
                {
                    XmlLayout.Remove(element);
                }
            }
        }
    }

    private static void RemoveEmpty(XmlElement domain)
    {
        XmlElement? backing = domain.Child("memoryBacking");
        if (backing is not null && backing.Attributes.Count == 0 && backing.Content.Count > 0 && backing.Content.All(piece => piece is XmlRaw { IsWhitespace: true }))
        {
            XmlLayout.Remove(backing);
        }
    }

    private static void WritePages(XmlLayout layout, XmlElement domain, MemoryBacking before, MemoryBacking after)
    {
        if (before.UsesHugePages == after.UsesHugePages && before.HugePages.SequenceEqual(after.HugePages))
        {
            return;
        }

        XmlElement? element = domain.Child("memoryBacking")?.Child("hugepages");
        if (!after.UsesHugePages)
        {
            XmlLayout.Remove(element!);
            return;
        }

        if (element is null)
        {
            XmlNew added = new("hugepages");
            foreach (HugePage page in after.HugePages)
            {
                added.With(NewPage(page));
            }

            layout.Add(Backing(layout, domain), added, Before("hugepages"));
            return;
        }

        foreach (XmlElement page in element.ChildrenNamed("page").Where(page => !after.HugePages.Contains(ReadPage(page))).ToArray())
        {
            XmlLayout.Remove(page);
        }

        foreach (HugePage page in after.HugePages.Where(page => !element.ChildrenNamed("page").Select(ReadPage).Contains(page)).ToArray())
        {
            layout.AddLast(element, NewPage(page));
        }
    }

    private static void WriteCells(XmlLayout layout, XmlElement domain, MemoryBacking before, MemoryBacking after)
    {
        if (before.NumaCells.SequenceEqual(after.NumaCells))
        {
            return;
        }

        XmlElement cpu = domain.Child("cpu") ?? layout.Add(domain, new XmlNew("cpu"), DomainXml.Before("cpu"));
        XmlElement numa = cpu.Child("numa") ?? layout.Add(cpu, new XmlNew("numa"), CpuChildOrder);
        XmlElement[] present = [.. numa.ChildrenNamed("cell")];
        foreach ((XmlElement element, NumaCell cell) in present.Zip(before.NumaCells).Where(pair => after.NumaCells.All(kept => kept.Id != pair.Second.Id)))
        {
            XmlLayout.Remove(element);
        }

        foreach (NumaCell cell in after.NumaCells)
        {
            int index = before.NumaCells.ToList().FindIndex(old => old.Id == cell.Id);
            if (index < 0)
            {
                layout.AddLast(numa, NewCell(cell));
            }
            else
            {
                WriteCell(layout, present[index], before.NumaCells[index], cell);
            }
        }
    }

    private static void WriteCell(XmlLayout layout, XmlElement element, NumaCell before, NumaCell after)
    {
        if (before.Cpus != after.Cpus)
        {
            layout.SetAttribute(element, "cpus", after.Cpus);
        }

        if (before.Memory != after.Memory)
        {
            (string value, string unit) = IecSize(after.Memory);
            layout.SetAttribute(element, "memory", value);
            layout.SetAttribute(element, "unit", unit);
        }

        if (before.MemAccess != after.MemAccess)
        {
            layout.SetAttribute(element, "memAccess", AccessWord(after.MemAccess));
        }

        if (before.Discard != after.Discard)
        {
            layout.SetAttribute(element, "discard", YesNo(after.Discard));
        }
    }

    private static XmlElement Backing(XmlLayout layout, XmlElement domain) =>
        domain.Child("memoryBacking") ?? layout.Add(domain, new XmlNew("memoryBacking"), DomainXml.Before("memoryBacking"));

    private static XmlNew NewPage(HugePage page)
    {
        (long value, string letter) = page.Size.Scale();
        return new XmlNew("page")
            .With("size", value.ToString(CultureInfo.InvariantCulture))
            .With("unit", letter.Length == 0 ? "b" : letter)
            .With("nodeset", page.NodeSet);
    }

    private static XmlNew NewCell(NumaCell cell)
    {
        (string value, string unit) = IecSize(cell.Memory);
        return new XmlNew("cell")
            .With("id", cell.Id.ToString(CultureInfo.InvariantCulture))
            .With("cpus", cell.Cpus)
            .With("memory", value)
            .With("unit", unit)
            .With("memAccess", AccessWord(cell.MemAccess))
            .With("discard", YesNo(cell.Discard));
    }

    private static IEnumerable<NumaCell> ReadCells(XmlElement domain) =>
        (domain.Child("cpu")?.Child("numa")?.ChildrenNamed("cell") ?? []).Select((cell, index) => new NumaCell
        {
            Id = int.TryParse(cell.Attribute("id"), NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : index,
            Cpus = cell.Attribute("cpus"),
            Memory = ByteSize.FromLibvirt(cell.Attribute("memory"), cell.Attribute("unit")) ?? default,
            MemAccess = ReadAccess(cell.Attribute("memAccess")),
            Discard = cell.Attribute("discard") switch
            {
                "yes" => true,
                "no" => false,
                _ => null,
            },
        });

    private static HugePage? ReadPage(XmlElement page) =>
        ByteSize.FromLibvirt(page.Attribute("size"), page.Attribute("unit")) is ByteSize size
            ? new HugePage(size, page.Attribute("nodeset"))
            : null;

    private static MemorySource ReadSource(string? word) => word switch
    {
        "memfd" => MemorySource.Memfd,
        "file" => MemorySource.File,
        "anonymous" => MemorySource.Anonymous,
        _ => MemorySource.Default,
    };

    private static MemoryAccess? ReadAccess(string? word) => word switch
    {
        "shared" => MemoryAccess.Shared,
        "private" => MemoryAccess.Private,
        _ => null,
    };

    private static string? SourceWord(MemorySource source) => source == MemorySource.Default ? null : source.ToString().ToLowerInvariant();

    private static string? AccessWord(MemoryAccess? access) => access?.ToString().ToLowerInvariant();

    private static string? AllocationWord(MemoryAllocation? allocation) => allocation?.ToString().ToLowerInvariant();

    private static string? YesNo(bool? value) => value switch
    {
        true => "yes",
        false => "no",
        null => null,
    };

    private static (string Value, string Unit) IecSize(ByteSize size)
    {
        (long value, string letter) = size.Scale();
        return (value.ToString(CultureInfo.InvariantCulture), letter.Length == 0 ? "b" : letter + "iB");
    }

    private static string Describe(NumaCell cell) =>
        $"cell {cell.Id}: cpus {cell.Cpus ?? "none"}, memory {cell.Memory}, memAccess {AccessWord(cell.MemAccess) ?? "unset"}" +
        (cell.Discard is null ? string.Empty : $", discard {YesNo(cell.Discard)}");

    private static string[] Before(string name) => ChildOrder[..Array.IndexOf(ChildOrder, name)];
}
