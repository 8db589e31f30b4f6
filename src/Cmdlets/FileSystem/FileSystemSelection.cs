using System.Management.Automation;

namespace VirtioFs.Cmdlets;

/// <summary>The file systems of a domain that tags with wildcards name.</summary>
internal static class FileSystemSelection
{
    /// <summary>Finds them, in the order of the domain; a plain tag that is not there is an error.</summary>
    internal static IEnumerable<LibvirtXml.FileSystems.FileSystem> Find(LibvirtXml.Domain domain, string[]? tags)
    {
        if (tags is null)
        {
            return domain.FileSystems;
        }

        foreach (string tag in tags.Where(tag => !WildcardPattern.ContainsWildcardCharacters(tag)))
        {
            _ = domain.GetFileSystem(WildcardPattern.Unescape(tag));
        }

        WildcardPattern[] patterns = [.. tags.Select(tag => WildcardPattern.Get(tag, WildcardOptions.CultureInvariant))];
        return domain.FileSystems.Where(fileSystem => Array.Exists(patterns, pattern => pattern.IsMatch(fileSystem.Tag ?? string.Empty)));
    }
}
