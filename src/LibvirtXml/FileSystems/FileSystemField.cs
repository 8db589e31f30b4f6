namespace VirtioFs.LibvirtXml.FileSystems;

/// <summary>One attribute of a <c>&lt;filesystem&gt;</c> element: where it stands and which property it carries.</summary>
/// <param name="Path">The elements on the way, from the file system's own; empty for the file system itself.</param>
/// <param name="Attribute">The attribute's name.</param>
/// <param name="Value">The value as XML writes it; null when the attribute is absent.</param>
internal sealed record FileSystemField(string[] Path, string Attribute, Func<FileSystem, string?> Value)
{
    public string Name => string.Join('/', [.. Path, "@" + Attribute]);
}
