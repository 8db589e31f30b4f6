using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Memory;
using VirtioFs.LibvirtXml.Xml;

namespace VirtioFs.LibvirtXml.Changes;

/// <summary>
/// Carries the changes of one view of a domain over to another: what was changed in the XML of the running guest is changed in the
/// definition for the next start, and nothing else of that is touched.
/// </summary>
internal static class DomainRebase
{
    /// <summary>Makes the changes.</summary>
    /// <param name="before">The view before the changes.</param>
    /// <param name="after">The same view with them.</param>
    /// <param name="onto">What to change; it is not touched itself.</param>
    /// <returns>The changed copy.</returns>
    /// <exception cref="DomainRuleException">A change does not fit there.</exception>
    public static Domain Carry(Domain before, Domain after, Domain onto)
    {
        Domain changed = onto.Edit();
        CarryMemory(before.MemoryBacking, after.MemoryBacking, changed);
        FileSystem[] old = [.. before.FileSystems];
        FileSystem[] wanted = [.. after.FileSystems];
        foreach (FileSystem gone in old.Where(present => wanted.All(kept => kept.Tag != present.Tag)))
        {
            if (changed.FileSystems.FirstOrDefault(present => present.Tag == gone.Tag) is FileSystem stored)
            {
                changed.RemoveFileSystem(stored);
            }
        }

        foreach (FileSystem kept in wanted)
        {
            FileSystem? origin = old.FirstOrDefault(present => present.Tag == kept.Tag);
            if (origin is null)
            {
                changed.AddFileSystem(kept with { Xml = null });
            }
            else if (!origin.Equals(kept))
            {
                FileSystem stored = changed.GetFileSystem(kept.Tag!);
                changed.SetFileSystem(stored, Merge(stored, origin, kept));
            }
        }

        return changed;
    }

    private static void CarryMemory(MemoryBacking before, MemoryBacking after, Domain onto)
    {
        if (before.Equals(after))
        {
            return;
        }

        if (!onto.MemoryBacking.Equals(before))
        {
            throw new DomainRuleException(
                "StoredDefinitionDiffers",
                $"The running guest '{onto}' has another memory backing than its stored definition, so a change of the one cannot be carried over to the other. Read the stored " +
                "definition, and change that.",
                ErrorKind.Conflict);
        }

        onto.SetMemoryBacking(after);
    }

    /// <summary>The stored device with those settings that differ between the two others.</summary>
    private static FileSystem Merge(FileSystem stored, FileSystem before, FileSystem after)
    {
        XmlDocument document = XmlParser.Parse(stored.Xml!, "The file system");
        FileSystemXml.Write(document.Layout, document.Root, before, after);
        return FileSystem.Parse(document.ToString());
    }
}
