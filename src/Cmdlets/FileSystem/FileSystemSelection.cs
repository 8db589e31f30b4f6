using System.Management.Automation;

namespace VirtioFs.Cmdlets;

/// <summary>The file systems of a domain that tags with wildcards name.</summary>
internal static class FileSystemSelection
{
    /// <summary>Finds them; a plain tag that is not there is an error.</summary>
    internal static IEnumerable<LibvirtXml.FileSystem> Find(LibvirtXml.Domain domain, string[]? tags)
    {
        if (tags is null)
        {
            return domain.FileSystems;
        }

        return tags.SelectMany(tag => WildcardPattern.ContainsWildcardCharacters(tag)
            ? domain.FileSystems.Where(fileSystem => WildcardPattern.Get(tag, WildcardOptions.None).IsMatch(fileSystem.Tag ?? string.Empty))
            : [domain.GetFileSystem(WildcardPattern.Unescape(tag))]).DistinctBy(fileSystem => fileSystem.Tag);
    }
}
